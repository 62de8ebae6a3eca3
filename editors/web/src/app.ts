// The page: who we are, the session that is shown, its views.
import { BlobStore } from "../../vscode/src/outputs/blobStore.ts";
import type { Blob as TellBlob, BlobParams, ConsoleInfo, InputParams, QueuedExecution, Status } from "../../vscode/src/protocol";
import { Cluster } from "./cluster.ts";
import { button, closed, element, notice, place, sentenceOf } from "./elements.ts";
import { Input } from "./input.ts";
import { Outputs } from "./outputs.ts";
import { People } from "./people.ts";
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
  const named = new URLSearchParams(location.search).get("session");
  const wanted = who.role === "owner" ? (named ?? who.session) : who.session;
  const state = place("state");
  const interrupt = place<HTMLButtonElement>("interrupt");
  const restart = place<HTMLButtonElement>("restart");
  const picker = place<HTMLSelectElement>("session");
  const count = element("span", "count", "In [ ]");
  const over = element("p");
  over.id = "over";
  over.role = "alert";
  over.hidden = true;
  place("top").after(over);
  const people = new People(place("people"));
  let running: string | null = null;
  let ownRun: string | null = null;
  let isBusy = false;
  /** A runner ends their own cells; an owner whatever runs. */
  const drawInterrupt = () => {
    interrupt.disabled = !isBusy || (who.role !== "owner" && running !== ownRun);
  };

  const session: Session = new Session(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`,
    {
      state(now, told) {
        state.textContent = told?.message ? `${STATES[now]}: ${told.message}` : STATES[now];
        state.dataset["state"] = now;
        if (now === "lost") {
          outputs.widgets.serverChanged();
        }
        if (told) {
          running = told.executionId;
          isBusy = told.state === "busy";
          drawInterrupt();
          count.textContent = `In [${told.nextCount ?? " "}]`;
        }
      },
      ended: (why) => {
        over.textContent = why;
        over.hidden = false;
        inputHolder.hidden = interrupt.disabled = true;
        people.draw([]);
      },
      people: (all) => people.draw(all),
      shown,
      started(data) {
        outputs.add({ type: "started", data });
        if (data.own) {
          ownRun = data.executionId;
          drawInterrupt();
        }
      },
      output(data) {
        outputs.add({ type: "output", data });
        plots.add(data);
      },
      finished: (data) => outputs.add({ type: "finished", data }),
      queue: (runs) => drawQueue(runs),
      variablesChanged: () => variables.refresh(),
      comm: (event) => outputs.widgets.heard(event),
      status: (status) => outputs.widgets.statusChanged(status),
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
  const outputs = new Outputs(blobs, (code) => input?.put(code), (method, params) => session.query(method, params));
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
    outputs.showCell(run);
  });
  tabs.add("Session", [work, variables.side]);
  tabs.add("Plots", [plots.frame]);
  const cluster = who.role === "owner" ? new Cluster(session, choose) : undefined;
  if (cluster) {
    tabs.add("Cluster", [cluster.view]);
  }
  tabs.show("Session");

  function shown(console: ConsoleInfo): void {
    const { sessionId, name } = console.session;
    document.title = `${name} · vivo`;
    history.replaceState(null, "", `?session=${encodeURIComponent(sessionId)}`);
    outputs.show(sessionId);
    plots.show(sessionId);
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
      .map(({ sessionId, name, cwd }) => {
        const isAlone = all.filter((other) => other.name === name).length === 1;
        return new Option(isAlone ? name || sessionId : `${name} — ${sessionId}, ${cwd}`, sessionId);
      });
    picker.replaceChildren(...options, ...(who.role === "owner" ? [new Option("New session", "")] : []));
    picker.value = console.session.sessionId;
    picker.disabled = who.role !== "owner";
  }

  picker.onfocus = () => session.console && void drawPicker(session.console);
  picker.onchange = () => void session.open(picker.value || null).catch(failed);

  function drawQueue(runs: QueuedExecution[]): void {
    const waiting = runs.filter(({ status }) => status === "waiting");
    const now = runs.find(({ status }) => status === "running");
    people.run(runs.filter(({ status }) => status === "running").map(({ client }) => client));
    const told = [now ? `${now.client || "somebody"} runs ${now.title}` : "", waiting.length ? `${waiting.length} waiting` : ""];
    const holder = place("queue");
    holder.textContent = told.filter(Boolean).join("; ");
    holder.title = waiting.map(({ client, title }) => `${client}: ${title}`).join("\n");
  }

  interrupt.onclick = () => void session.interrupt(who.role === "owner" ? null : running).catch(failed);
  interrupt.hidden = isViewer;
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
      field.onkeydown = ({ key }) => {
        if (key === "Escape") {
          end(null);
        }
      };
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
  return closed(holder).then((action) => action || null);
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
  return closed(holder).then(() => field.value);
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
