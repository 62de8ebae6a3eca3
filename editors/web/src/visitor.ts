// Who this browser is to the server: the secret of its link becomes a cookie, once, and leaves the address.

export interface Visitor {
  role: "owner" | "runner" | "viewer";
  /** The one session that is shared; for the owner, who has all, the one to begin with, or null. */
  session: string | null;
  name: string;
}

/** Who we are; a sentence if we are nobody. @param name asks a visitor how they are called */
export async function visitor(name: () => Promise<string>): Promise<Visitor | string> {
  const link = location.hash.slice(1);
  if (link) {
    history.replaceState(null, "", location.pathname + location.search);
    const known = await fetch("/whoami");
    const isShared = link.startsWith("share-");
    const entered = await fetch("/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ link, name: isShared ? await name() : "" }),
    });
    if (!entered.ok && !known.ok) {
      return sentence(entered);
    }
    return (await (entered.ok ? entered : known).json()) as Visitor;
  }
  const known = await fetch("/whoami");
  return known.ok ? ((await known.json()) as Visitor) : sentence(known);
}

async function sentence(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { error: string }).error;
  } catch {
    return `The server answered ${answer.status}.`;
  }
}
