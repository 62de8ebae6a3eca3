// Data that outputs refer to, fetched from the server once and kept within a bound; the oldest goes first.
import type { Blob, BlobParams } from "../protocol";

const MOST_CHARACTERS = 64_000_000;

export class BlobStore {
  private readonly kept = new Map<string, Promise<string>>();
  private readonly sizes = new Map<string, number>();
  private characters = 0;

  private readonly fetch: (params: BlobParams) => Promise<Blob>;
  private readonly most: number;

  constructor(fetch: (params: BlobParams) => Promise<Blob>, most = MOST_CHARACTERS) {
    this.fetch = fetch;
    this.most = most;
  }

  /** The data in base64. */
  get(params: BlobParams): Promise<string> {
    const kept = this.kept.get(params.id);
    if (kept) {
      this.kept.delete(params.id);
      this.kept.set(params.id, kept);
      return kept;
    }
    const fetched = this.fetch(params).then(({ data }) => data);
    this.kept.set(params.id, fetched);
    fetched.then(
      (data) => this.count(params.id, data.length),
      () => this.kept.delete(params.id), // whoever asked hears why; another may ask again
    );
    return fetched;
  }

  private count(id: string, size: number): void {
    this.sizes.set(id, size);
    this.characters += size;
    for (const oldest of this.kept.keys()) {
      if (this.characters <= this.most || oldest === id) {
        return;
      }
      this.kept.delete(oldest);
      this.characters -= this.sizes.get(oldest) ?? 0;
      this.sizes.delete(oldest);
    }
  }
}
