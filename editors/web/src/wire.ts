// JSON-RPC over a WebSocket that comes back by itself. No page.
//
// 1. Each connection is met by a server of its own: whoever uses this introduces itself anew, each time.
// 2. What was asked on a connection that was lost ends with an error; nothing is asked twice.
// 3. A page that slept, or was offline, connects at once when it wakes.

export interface Failure {
  code: number;
  message: string;
}

/** Where a connection is: it says so to the user. */
export type State = "connecting" | "connected" | "lost" | "ended";

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

type Message = { id?: number | string; method?: string; params?: unknown; result?: unknown; error?: Failure };

/** The code with which the server says that the visitor's grant has ended. */
const ENDED = 4003;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;

export class Wire {
  private socket: WebSocket | undefined;
  private number = 0;
  private readonly waiting = new Map<number, Waiting>();
  private readonly hearers = new Map<string, ((params: never) => void)[]>();
  private readonly answerers = new Map<string, (params: never, cancelled: AbortSignal) => Promise<unknown>>();
  private readonly answering = new Map<number | string, AbortController>();
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: string,
    /** Introduces itself to the server of a new connection. */
    private readonly introduce: () => Promise<void>,
    /** @param why the server's sentence, where it has ended */
    private readonly tell: (state: State, why?: string) => void,
    /** Is told why it could not introduce itself. */
    private readonly failed: (error: unknown) => void,
  ) {
    for (const event of ["online", "visibilitychange", "pageshow"]) {
      const target = event === "visibilitychange" ? document : window;
      target.addEventListener(event, () => document.visibilityState === "visible" && this.hurry());
    }
  }

  connect(): void {
    this.tell("connecting");
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.onopen = () => {
      this.introduce().then(
        () => {
          this.wait = FIRST_WAIT;
          this.tell("connected");
        },
        (error: unknown) => {
          this.failed(error);
          socket.close();
        },
      );
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => this.take(JSON.parse(data) as Message);
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) {
        return;
      }
      this.socket = undefined;
      this.answering.forEach((controller) => controller.abort());
      this.answering.clear();
      for (const { reject } of this.waiting.values()) {
        reject(new Error("the connection was lost"));
      }
      this.waiting.clear();
      if (code === ENDED) {
        this.tell("ended", reason);
        return;
      }
      this.tell("lost");
      this.timer = setTimeout(() => this.again(), this.wait);
      this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    };
  }

  /** Hear a notification of the server's. */
  hear<Params>(method: string, hearer: (params: Params) => void): void {
    this.hearers.set(method, [...(this.hearers.get(method) ?? []), hearer]);
  }

  /** Answer a request of the server's. */
  answer<Params>(method: string, answerer: (params: Params, cancelled: AbortSignal) => Promise<unknown>): void {
    this.answerers.set(method, answerer);
  }

  request<Result>(method: string, params: object): Promise<Result> {
    const id = ++this.number;
    return new Promise<Result>((resolve, reject) => {
      if (this.socket?.readyState !== WebSocket.OPEN) {
        reject(new Error("there is no connection just now"));
        return;
      }
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.send({ id, method, params });
    });
  }

  notify(method: string, params: object): void {
    this.send({ method, params });
  }

  private send(message: Message): void {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
    }
  }

  private hurry(): void {
    if (!this.socket && this.timer !== undefined) {
      this.again();
    }
  }

  private again(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.connect();
  }

  private take(message: Message): void {
    const { id, method, params, result, error } = message;
    if (method === undefined) {
      const waiting = this.waiting.get(id as number);
      this.waiting.delete(id as number);
      if (error) {
        waiting?.reject(new Error(error.message));
      } else {
        waiting?.resolve(result);
      }
    } else if (id !== undefined) {
      void this.respond(id, method, params);
    } else if (method === "$/cancelRequest") {
      this.answering.get((params as { id: number | string }).id)?.abort();
    } else {
      this.hearers.get(method)?.forEach((hearer) => hearer(params as never));
    }
  }

  private async respond(id: number | string, method: string, params: unknown): Promise<void> {
    const answerer = this.answerers.get(method);
    if (!answerer) {
      this.send({ id, result: null });
      return;
    }
    const controller = new AbortController();
    this.answering.set(id, controller);
    try {
      const result = await answerer(params as never, controller.signal);
      if (!controller.signal.aborted) {
        this.send({ id, result: result ?? null });
      }
    } catch (failed) {
      this.send({ id, error: { code: -32603, message: String(failed) } });
    } finally {
      this.answering.delete(id);
    }
  }
}
