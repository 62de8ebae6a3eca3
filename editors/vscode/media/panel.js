// Draws what the extension sends: cells with their outputs, in order. Plain DOM, no library.
"use strict";
(() => {
  const api = acquireVsCodeApi();
  const root = document.getElementById("cells");
  const displays = new Map(); // display id → elements shown under it
  const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const cellOf = (id) => {
    const known = document.getElementById(`cell-${id}`);
    if (known) return known;
    const made = element("section", "cell running");
    made.id = `cell-${id}`;
    root.append(made);
    return made;
  };

  // ANSI colours: the SGR codes that terminals and our tracebacks use.
  const ansi = (text, className) => {
    const pre = element("pre", className);
    let style = {};
    for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
      const code = /^\x1b\[([0-9;]*)m$/.exec(part);
      if (!code) {
        if (part) {
          const span = element("span", "", part);
          Object.assign(span.style, style);
          pre.append(span);
        }
        continue;
      }
      for (const number of code[1].split(";").map(Number)) {
        if (number === 0) style = {};
        else if (number === 1) style = { ...style, fontWeight: "bold" };
        else if (number === 2) style = { ...style, opacity: "0.7" };
        else if (number >= 30 && number <= 37) style = { ...style, color: `var(--vscode-terminal-ansi${capital(COLOURS[number - 30])})` };
      }
    }
    return pre;
  };
  const capital = (word) => word[0].toUpperCase() + word.slice(1);

  const rendered = (data) => {
    for (const mime of ["image/png", "image/jpeg"]) {
      if (data[mime]) {
        const image = element("img");
        image.src = `data:${mime};base64,${data[mime]}`;
        image.alt = data["text/plain"] || "figure";
        return image;
      }
    }
    if (data["image/svg+xml"]) {
      const image = element("img");
      image.src = `data:image/svg+xml;utf8,${encodeURIComponent(data["image/svg+xml"])}`;
      image.alt = data["text/plain"] || "figure";
      return image;
    }
    if (data["text/html"]) {
      // No scripts run in there: neither the sandbox nor the page's policy lets them.
      const frame = element("iframe");
      frame.sandbox = "allow-same-origin";
      frame.srcdoc = data["text/html"];
      frame.title = "HTML output";
      frame.onload = () => { frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 4}px`; };
      return frame;
    }
    return ansi(String(data["text/plain"] ?? JSON.stringify(data)), "value");
  };

  const draw = {
    started(data) {
      const cell = cellOf(data.executionId);
      cell.dataset.count = data.executionCount ?? "";
      if (!cell.firstChild) {
        cell.append(element("div", "label", `In [${data.executionCount ?? " "}]`));
        cell.append(element("pre", "code", data.code));
      }
    },
    output(data) {
      const cell = cellOf(data.executionId);
      if (cell.dataset.clear && data.kind !== "clear") clear(cell);
      if (data.kind === "stream") stream(cell, data);
      else if (data.kind === "clear") data.wait ? (cell.dataset.clear = "1") : clear(cell);
      else if (data.kind === "error") cell.append(ansi(data.error.traceback.join("\n"), "traceback"));
      else if (data.kind === "update") for (const shown of displays.get(data.displayId) ?? []) shown.replaceChildren(rendered(data.data));
      else show(cell, data);
      window.scrollTo(0, document.body.scrollHeight);
    },
    finished(data) {
      const cell = cellOf(data.executionId);
      cell.classList.remove("running");
      cell.classList.toggle("error", data.status === "error");
    },
  };

  const show = (cell, data) => {
    if (data.kind === "result") cell.append(element("div", "label output", `Out[${data.executionCount}]`));
    const holder = element("div", "output");
    holder.append(rendered(data.data));
    cell.append(holder);
    if (data.displayId) displays.set(data.displayId, [...(displays.get(data.displayId) ?? []), holder]);
  };
  const stream = (cell, data) => {
    const last = cell.lastElementChild;
    if (last && last.classList.contains(data.name) && last.dataset.size < 200000) {
      last.append(...ansi(data.text, "").childNodes);
      last.dataset.size = Number(last.dataset.size) + data.text.length;
      return;
    }
    const made = ansi(data.text, `output ${data.name}`);
    made.dataset.size = data.text.length;
    cell.append(made);
  };
  const clear = (cell) => {
    delete cell.dataset.clear;
    for (const shown of [...cell.querySelectorAll(".output, .traceback")]) shown.remove();
  };

  window.addEventListener("message", (event) => {
    const { type, entries, entry } = event.data;
    if (type === "all") {
      root.replaceChildren();
      for (const each of entries) draw[each.type](each.data);
    } else {
      draw[entry.type](entry.data);
    }
    while (root.children.length > 500) root.firstElementChild.remove();
  });
  api.postMessage({ type: "ready" });
})();
