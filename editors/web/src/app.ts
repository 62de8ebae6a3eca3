// The page: who we are, the session that is shown, its views.
import { BlobStore } from "../../vscode/src/outputs/blobStore.ts";
import type { Blob as TellBlob, BlobParams, ConsoleInfo, InputParams, QueuedExecution, Status } from "../../vscode/src/protocol";
import { Cluster } from "./cluster.ts";
import { button, element, notice, place, sentenceOf } from "./elements.ts";
import { Input } from "./input.ts";
import { Outputs } from "./outputs.ts";
import { Plots } from "./plots.ts";
import { Queries, Session } from "./session.ts";
import { Tabs } from "./tabs.ts";
import { Variables } from "./variables.ts";
import { visitor, type Visitor } from "./visitor.ts";
import type { State } from "./wire.ts";

const STATES: Record<State | Status["state"], string> = {
  connecting: "connecting",
  connected: "connected",
  lost: "no connection; trying again",
  starting: "starting",
  idle: "idle",
  busy: "busy",
  ended: "ended",
};

function begin(who: Visitor): void {
  const isViewer = who.role === "viewer";
  const wanted = who.session ?? new URLSearchParams(location.search).get("session");
  const state = place("state");
  const interrupt = place<HTMLButtonElement>("interrupt");
  const restart = place<HTMLButtonElement>("restart");
  const picker = place<HTMLSelectElement>("session");
  const count = element("span", "count", "In [ ]");
  let running: string | null = null;

  const session: Session = new Session(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`,
    {
      state(now, told) {
        state.textContent = told?.message ? `${STATES[now]}: ${told.message}` : STATES[now];
        state.dataset["state"] = now;
        if (told) {
          running = told.executionId;
          interrupt.disabled = isViewer || told.state !== "busy";
          count.textContent = `In [${told.nextCount ?? " "}]`;
        }
        if (now === "ended" && !told) {
          notice("The session has ended, or is not shared with you any longer.", 60);
        }
      },
      shown: (console, isOther) => shown(console, isOther),
      started: (data) => outputs.add({ type: "started", data }),
      output(data) {
        outputs.add({ type: "output", data });
        plots.add(data);
      },
      finished: (data) => outputs.add({ type: "finished", data }),
      queue: (runs) => drawQueue(runs),
      variablesChanged: () => variables.refresh(),
      input: (asked, cancelled) => askInput(asked, cancelled),
      message: notice,
      choose,
      seen: () => outputs.seen(),
    },
    wanted,
    isViewer,
  );
  const blobs = new BlobStore((params: BlobParams) => session.query<TellBlob>(Queries.blob, params));
  const failed = (error: unknown) => notice(sentenceOf(error));
  const inputHolder = element("div");
  inputHolder.id = "input";
  inputHolder.append(count);
  const input = isViewer ? undefined : new Input(inputHolder, document.body.dataset["nonce"] ?? "", session, failed);
  const outputs = new Outputs(blobs, (code) => input?.put(code));
  const variables = new Variables(session);

  const work = element("div");
  work.id = "work";
  const transcript = element("div");
  transcript.id = "outputs";
  transcript.append(outputs.frame);
  work.append(transcript, ...(input ? [inputHolder] : []));
  const tabs = new Tabs(place("tabs"), place("views"));
  const plots = new Plots(blobs, (run) => {
    tabs.show("Session");
    outputs.show(run);
  });
  tabs.add("Session", [work, variables.side]);
  tabs.add("Plots", [plots.frame]);
  const cluster = who.role === "owner" ? new Cluster(session, choose) : undefined;
  if (cluster) {
    tabs.add("Cluster", [cluster.view]);
  }
  tabs.show("Session");

  function shown(console: ConsoleInfo, isOther: boolean): void {
    const { sessionId, name } = console.session;
    document.title = `${name} · vivo`;
    history.replaceState(null, "", `?session=${encodeURIComponent(sessionId)}`);
    if (isOther) {
      outputs.restart();
      plots.restart();
    }
    count.textContent = `In [${console.nextCount}]`;
    void input?.begin().catch(failed);
    variables.refresh();
    cluster?.connected();
    void drawPicker(console);
  }

  async function drawPicker(console: ConsoleInfo): Promise<void> {
    const all = who.role === "owner" ? await session.sessions().catch(() => [console.session]) : [console.session];
    const options = all
      .filter(({ state }) => !["ended", "stale", "foreign"].includes(state))
      .map(({ sessionId, name, cwd }) => new Option(`${name || sessionId} — ${cwd}`, sessionId));
    picker.replaceChildren(...options, ...(who.role === "owner" ? [new Option("New session", "")] : []));
    picker.value = console.session.sessionId;
    picker.disabled = who.role !== "owner";
  }

  picker.onfocus = () => session.console && void drawPicker(session.console);
  picker.onchange = () => void session.open(picker.value || null).catch(failed);

  function drawQueue(runs: QueuedExecution[]): void {
    const waiting = runs.filter(({ status }) => status === "waiting");
    const now = runs.find(({ status }) => status === "running");
    const told = [now ? `${now.client || "somebody"} runs ${now.title}` : "", waiting.length ? `${waiting.length} waiting` : ""];
    const holder = place("queue");
    holder.textContent = told.filter(Boolean).join("; ");
    holder.title = waiting.map(({ client, title }) => `${client}: ${title}`).join("\n");
  }

  interrupt.onclick = () => void session.interrupt(who.role === "owner" ? null : running).catch(failed);
  restart.hidden = who.role !== "owner";
  restart.onclick = async () => {
    const answer = await choose("Start a fresh Python? The session's variables are lost; its history and transcript stay.", ["Restart"]);
    if (answer) {
      await session.restart().catch(failed);
    }
  };

  async function askInput({ prompt, password }: InputParams, cancelled: AbortSignal): Promise<string | null> {
    const form = element("form");
    form.id = "ask";
    const label = element("label", "", prompt);
    const field = element("input");
    field.type = password ? "password" : "text";
    field.autocomplete = "off";
    label.htmlFor = field.id = "answer";
    form.append(label, field, element("button", "", "Answer"));
    work.append(form);
    field.focus();
    return new Promise((resolve) => {
      const end = (value: string | null) => {
        form.remove();
        resolve(value);
      };
      cancelled.addEventListener("abort", () => end(null));
      form.onsubmit = (event) => {
        event.preventDefault();
        end(field.value);
      };
      field.onkeydown = ({ key }) => key === "Escape" && end(null);
    });
  }
  session.connect();
}

/** Ask the user to choose; null for none. */
function choose(sentence: string, actions: string[]): Promise<string | null> {
  const holder = element("dialog", "small");
  const row = element("div");
  row.append(...actions.map((action) => button("", action, action, () => holder.close(action))), " ", button("", "Cancel", "Cancel", () => holder.close("")));
  holder.append(element("p", "", sentence), row);
  document.body.append(holder);
  holder.showModal();
  return new Promise((resolve) => {
    holder.onclose = () => {
      holder.remove();
      resolve(holder.returnValue || null);
    };
  });
}

/** Ask a visitor how they are called. */
function askName(): Promise<string> {
  const holder = element("dialog", "small");
  const form = element("form");
  form.method = "dialog";
  const label = element("label", "", "Somebody shares a session with you. Your name, as others will see it:");
  const field = element("input");
  field.id = label.htmlFor = "name";
  field.maxLength = 40;
  form.append(label, field, element("button", "", "Come in"));
  holder.append(form);
  document.body.append(holder);
  holder.showModal();
  return new Promise((resolve) => {
    holder.onclose = () => {
      holder.remove();
      resolve(field.value);
    };
  });
}

visitor(askName).then((who) => {
  if (typeof who !== "string") {
    begin(who);
    return;
  }
  const told = element("section");
  told.id = "closed";
  told.append(element("h1", "", "vivo"), element("p", "", who));
  place("top").hidden = place("tabs").hidden = true;
  place("views").append(told);
}, (error: unknown) => notice(sentenceOf(error), 60));
