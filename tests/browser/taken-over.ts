import { type IncomingMessage, type ServerResponse, createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";

// What a portal, or a proxy that somebody took over, puts in a service's place: a page that is good for a year, and a worker.

const FOR_GOOD = "public, max-age=31536000, immutable";

/** What the worker shows instead of any page, and the page once its workers are there. */
export const OWN_WORDS = "Back soon. Ring 0900 555 0100";

const PAGE = `<!doctype html><meta charset="utf-8"><h1>One moment</h1><script>
  const opened = indexedDB.open("portal");
  opened.onupgradeneeded = () => opened.result.createObjectStore("kept");
  caches.open("portal").then((cache) => cache.put("/", new Response("kept")));
  const stays = async ([script, scope]) => {
    const { installing, waiting, active } = await navigator.serviceWorker.register(script, { scope });
    const worker = installing || waiting || active;
    const settled = (done) => worker.state === "activated" ? done() : worker.addEventListener("statechange", () => settled(done), { once: true });
    await new Promise(settled);
  };
  Promise.all(WORKERS.map(stays)).then(() => (document.querySelector("h1").textContent = "${OWN_WORDS}"));
</script>`;

const WORKER = `
  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("fetch", (event) => {
    const page = () => new Response("<!doctype html><h1>${OWN_WORDS}</h1>", { headers: { "Content-Type": "text/html" } });
    if (event.request.mode === "navigate") event.respondWith(page());
  });`;

/** Another's scripts, by address and scope. */
export type Workers = readonly (readonly [script: string, scope: string])[];

/** An address that is somebody else's for a while, and then a service's. */
export class TakenOver {
  /** Whether it is somebody else's now. */
  bad = true;
  /** What was asked of it, by path, since it is the service's again. */
  readonly asked: string[] = [];
  private readonly server = createServer((request, response) => (this.bad ? this.foreign(request, response) : this.pass(request, response)));

  private constructor(
    private readonly service: string,
    private readonly workers: Workers,
  ) {}

  static async start(service: string, workers: Workers): Promise<TakenOver> {
    const taken = new TakenOver(service, workers);
    await new Promise<void>((resolve) => taken.server.listen(0, "127.0.0.1", resolve));
    return taken;
  }

  get url(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private foreign({ url = "" }: IncomingMessage, response: ServerResponse): void {
    const isWorker = this.workers.some(([script]) => script === url);
    const headers = { "Cache-Control": FOR_GOOD, "Service-Worker-Allowed": "/", "Content-Type": isWorker ? "text/javascript" : "text/html" };
    response.writeHead(200, headers).end(isWorker ? WORKER : PAGE.replace("WORKERS", JSON.stringify(this.workers)));
  }

  private pass(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request.url ?? "");
    const { host } = new URL(this.service);
    const onward = ask(this.service + (request.url ?? ""), { method: request.method ?? "GET", headers: { ...request.headers, host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}
