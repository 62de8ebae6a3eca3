// In a frame: what the panels of VS Code find of their editor there, and find here of the page around them.
//
// A frame reaches no server (its policy says so); all that it shows and asks goes through the page.
const colours = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => (document.body.className = colours.matches ? "vscode-dark" : "vscode-light");
colours.addEventListener("change", paint);
document.addEventListener("DOMContentLoaded", paint);

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => window.parent.postMessage({ vivo: window.name, message }, location.origin),
  }),
});
// What does not come from the page around this frame is not heard by what is loaded after this.
window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.origin !== location.origin) {
    event.stopImmediatePropagation();
  }
});
