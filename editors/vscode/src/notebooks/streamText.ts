// What a terminal makes of a stream's text, as far as a notebook keeps it: lines that were overwritten.

/** The text as it stands after its carriage returns and backspaces: a progress bar is its last state. */
export function overwritten(text: string): string {
  if (!/[\r\b]/.test(text)) {
    return text;
  }
  return text.replaceAll(/\r+\n/g, "\n").split("\n").map(lineOverwritten).join("\n");
}

// A return at the very end stays: what comes next is written over the line, which is shown until then.
function lineOverwritten(line: string): string {
  if (!/[\r\b]/.test(line)) {
    return line;
  }
  const parts = line.split(/\r+/);
  const isOpen = parts.length > 1 && parts.at(-1) === "";
  if (isOpen) {
    parts.pop();
  }
  let shown = "";
  for (const part of parts) {
    const plain = part.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, "");
    // Colours have no width: a part with them is taken as the whole line.
    const rest = plain === part && !shown.includes("\x1b") ? shown.slice(plain.length) : "";
    shown = erased(part) + rest;
  }
  return isOpen ? `${shown}\r` : shown;
}

function erased(text: string): string {
  let found = text;
  for (let before = ""; before !== found && found.includes("\b"); ) {
    before = found;
    found = found.replace(/[^\b]\x08/, "");
  }
  return found.replaceAll("\b", "");
}
