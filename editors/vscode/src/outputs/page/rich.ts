// Markdown, cleaned of all that could act, and LaTeX as MathML, which needs no fonts of ours.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import temml from "temml";
import type { Rich } from "./richLoader";

const MATH = /^(\$\$([\s\S]+?)\$\$|\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\d))/;

function math(source: string, displayMode: boolean): string {
  return temml.renderToString(source, { displayMode, throwOnError: false, trust: false });
}

const marked = new Marked({ gfm: true }).use({
  extensions: [
    {
      name: "math",
      level: "inline",
      start: (source: string) => source.indexOf("$"),
      tokenizer(source: string) {
        const found = MATH.exec(source);
        return found
          ? { type: "math", raw: found[0], source: found[2] ?? found[3] ?? "", isBlock: found[2] !== undefined }
          : undefined;
      },
      renderer: (token) => math(String(token["source"]), Boolean(token["isBlock"])),
    },
  ],
});

function clean(html: string): Node {
  return DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    FORBID_TAGS: ["style", "form", "input", "button", "iframe", "audio", "video"],
    FORBID_ATTR: ["id", "name", "class", "srcset"],
    ADD_TAGS: ["semantics", "annotation"],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/|#)/i,
  });
}

function latex(text: string): Node {
  const source = text.trim();
  const [, block, inline] = /^(?:\$\$([\s\S]*)\$\$|\$([\s\S]*)\$)$/.exec(source) ?? [];
  const bare = block ?? inline ?? source.replace(/^\\\[([\s\S]*)\\\]$/, "$1").replace(/^\\\(([\s\S]*)\\\)$/, "$1");
  return clean(math(bare.replace(/^\\displaystyle\s*/, ""), true));
}

const drawn: Rich = { markdown: (text) => clean(marked.parse(text, { async: false })), latex };
window.vivoRich = drawn;
