// The blocks that are in sight, and some around them, as elements; two spacers stand for all others.
import { offsetsOf, windowOf, type Block } from "../blocks.ts";
import { element } from "./elements";
import { Section } from "./section";

const MARGIN = 1500; // pixels that are drawn above and below what is in sight

export class VirtualList {
  private readonly above = element("div", "spacer");
  private readonly below = element("div", "spacer");
  private readonly sections = new Map<Block, Section>();
  private readonly blockOf = new WeakMap<Element, Block>();
  private readonly sizes: ResizeObserver;
  private isDue = false;
  private isFollowing = true;
  private lastTop = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly blocks: () => readonly Block[],
    private readonly isPinned: (key: string) => boolean,
  ) {
    root.append(this.above, this.below);
    this.sizes = new ResizeObserver((changes) => {
      for (const { target } of changes) {
        const block = this.blockOf.get(target);
        if (block && target.isConnected) {
          block.height = (target as HTMLElement).offsetHeight;
        }
      }
      this.follow();
      this.drawSoon();
    });
    window.addEventListener("scroll", () => this.scrolled());
    window.addEventListener("resize", () => {
      this.follow();
      this.drawSoon();
    });
  }

  /** Draw at the next frame. */
  drawSoon(): void {
    if (!this.isDue) {
      this.isDue = true;
      requestAnimationFrame(() => this.draw());
    }
  }

  draw(): void {
    this.isDue = false;
    const blocks = this.blocks();
    const offsets = offsetsOf(blocks);
    const total = offsets[blocks.length] ?? 0;
    const top = this.isFollowing ? total - window.innerHeight : window.scrollY - this.root.offsetTop;
    const [first, end] = windowOf(offsets, Math.max(0, top), window.innerHeight, MARGIN);
    const wanted = blocks.slice(first, end);
    const isWanted = new Set(wanted);
    for (const [block, section] of this.sections) {
      if (!isWanted.has(block) && !section.element.contains(document.activeElement)) {
        this.sizes.unobserve(section.element);
        section.element.remove();
        this.sections.delete(block);
      } else if (!isWanted.has(block)) {
        section.element.remove(); // the focus was in it; it is made anew when it comes into sight
        this.sections.delete(block);
      }
    }
    let before: Element = this.above;
    wanted.forEach((block, index) => {
      const { element: shown } = this.section(block);
      shown.setAttribute("aria-posinset", String(first + index + 1));
      shown.setAttribute("aria-setsize", String(blocks.length));
      if (before.nextElementSibling !== shown) {
        before.after(shown);
      }
      before = shown;
    });
    this.above.style.height = `${offsets[first] ?? 0}px`;
    this.below.style.height = `${total - (offsets[end] ?? total)}px`;
    this.follow();
  }

  /** Bring a block to the top of the view. */
  show(index: number): void {
    this.isFollowing = false;
    this.scrollTo(index);
    this.draw();
    const block = this.blocks()[index];
    const shown = block && this.sections.get(block)?.element;
    if (shown) {
      shown.scrollIntoView({ block: "start" });
      shown.focus({ preventScroll: true });
      shown.classList.add("shown");
      shown.onanimationend = () => shown.classList.remove("shown");
    }
  }

  private scrollTo(index: number): void {
    const offsets = offsetsOf(this.blocks());
    this.above.style.height = `${offsets[index] ?? 0}px`;
    this.below.style.height = `${Math.max(window.innerHeight, (offsets.at(-1) ?? 0) - (offsets[index] ?? 0))}px`;
    window.scrollTo(0, this.root.offsetTop + (offsets[index] ?? 0));
    this.lastTop = window.scrollY;
  }

  private section(block: Block): Section {
    let section = this.sections.get(block);
    if (!section) {
      section = new Section(block, this.isPinned);
      this.sections.set(block, section);
      this.blockOf.set(section.element, block);
      this.sizes.observe(section.element);
    }
    section.draw();
    return section;
  }

  // The list follows the newest output, unless the reader has scrolled away from it. Pictures and
  // frames get their height late, so it is the size that is followed, not the message.
  private scrolled(): void {
    const isUp = window.scrollY < this.lastTop;
    const isAtEnd = window.innerHeight + window.scrollY >= document.body.scrollHeight - 40;
    this.isFollowing = isAtEnd || (this.isFollowing && !isUp);
    this.lastTop = window.scrollY;
    this.drawSoon();
  }

  private follow(): void {
    if (this.isFollowing) {
      window.scrollTo(0, document.body.scrollHeight);
    }
  }
}
