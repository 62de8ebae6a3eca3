// The variables of the session, by pages, also while a cell runs; and one of them as a table or in words.
import type { Told, Wanted } from "../../vscode/src/table/page/messages.ts";
import type { Inspection, TablePage, VariableInfo, VariablePage } from "../../vscode/src/protocol";
import { formOf, isTable } from "../../vscode/src/variables/rows.ts";
import { button, closed, element, notice, sentenceOf } from "./elements.ts";
import { Panel } from "./panel.ts";
import { Queries, type Session } from "./session.ts";

const PAGE = 200;

export class Variables {
  readonly side = element("aside");
  private readonly list = element("ul");
  private readonly total = element("span", "total");
  private readonly filter = element("input");
  private count = PAGE;
  private isAsking = false;
  private isStale = false;
  private readonly tables = new Set<() => void>();

  constructor(private readonly session: Session) {
    this.side.id = "side";
    this.side.setAttribute("aria-label", "Variables");
    this.list.id = "variables";
    this.filter.type = "search";
    this.filter.placeholder = "Filter variables";
    this.filter.setAttribute("aria-label", "Filter variables");
    this.filter.oninput = () => this.refresh();
    const head = element("header");
    head.append(this.filter, this.total);
    this.side.append(head, this.list);
  }

  /** Look again; what is asked while an answer is on its way is asked once more after it. */
  refresh(): void {
    this.tables.forEach((changed) => changed());
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    this.isAsking = true;
    const asked = { uri: this.session.uri, count: this.count, filter: this.filter.value };
    this.session
      .query<VariablePage>(Queries.variables, asked)
      .then((page) => this.draw(page), (error) => (this.total.textContent = sentenceOf(error)))
      .finally(() => {
        this.isAsking = false;
        if (this.isStale) {
          this.isStale = false;
          this.refresh();
        }
      });
  }

  private draw({ variables, total, busy }: VariablePage): void {
    this.total.textContent = `${total}${busy ? ", as last known" : ""}`;
    const rows = variables.map((variable) => this.row(variable));
    if (variables.length < total) {
      const more = element("li");
      more.append(button("", "Show more variables", `${total - variables.length} more`, () => {
        this.count += PAGE;
        this.refresh();
      }));
      rows.push(more);
    }
    this.list.replaceChildren(...rows);
  }

  private row(variable: VariableInfo): HTMLElement {
    const row = element("li", variable.changed ? "changed" : "");
    row.tabIndex = 0;
    row.title = variable.text;
    const look = () => (isTable(variable) ? this.table(variable.name) : void this.inspect(variable.name));
    row.onkeydown = ({ key, target }) => {
      if (key === "Enter" && target === row) {
        look();
      }
    };
    row.ondblclick = look;
    row.append(
      element("span", "name", variable.name),
      element("span", "type", [variable.type, formOf(variable)].filter(Boolean).join(" ")),
      isTable(variable)
        ? button("", `Show the table ${variable.name}`, "Table", () => this.table(variable.name))
        : button("", `Tell of ${variable.name}`, "?", () => void this.inspect(variable.name)),
      element("span", "value", variable.text),
    );
    return row;
  }

  private async inspect(expression: string): Promise<void> {
    try {
      const told = await this.session.query<Inspection | null>(Queries.inspect, { uri: this.session.uri, expression });
      const text = told
        ? [told.signature, `${told.type} ${told.shape ?? ""}`, told.stringForm, told.docstring].filter(Boolean).join("\n\n")
        : `Nothing is known of ${expression}.`;
      dialog(expression).append(element("pre", "", text));
    } catch (error) {
      notice(sentenceOf(error));
    }
  }

  private table(name: string): void {
    const { uri } = this.session;
    const panel = new Panel<Told, Wanted | { type: "copy"; text: string }>("table", `Table ${name}`, (asked) => {
      if (asked.type === "copy") {
        void navigator.clipboard.writeText(asked.text);
        return;
      }
      const { type: _, arrangement, generation, ...corner } = asked;
      this.session.query<TablePage>(Queries.table, { uri, path: [name], ...corner, ...arrangement }).then(
        (page) => panel.tell({ type: "corner", row: corner.row, column: corner.column, page, generation }),
        (error) => panel.tell({ type: "failed", message: sentenceOf(error), generation }),
      );
    });
    const changed = () => panel.tell({ type: "changed" });
    this.tables.add(changed);
    dialog(name, () => this.tables.delete(changed)).append(panel.frame);
  }
}

function dialog(title: string, then: () => void = () => undefined): HTMLDialogElement {
  const holder = element("dialog");
  holder.setAttribute("aria-label", title);
  const head = element("header");
  head.append(element("strong", "", title), element("span", "stretch"), button("", "Close", "Close", () => holder.close()));
  holder.append(head);
  void closed(holder).then(then);
  return holder;
}
