import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type StaticPage, sendFile } from "./service.ts";

const OWN: { readonly [path: string]: readonly [string, string] } = {
  "/": ["text/html", "<title>The host's own page</title>"],
  "/own.js": ["text/javascript", "// the host's own worker"],
};

/** Another host's folder with the exported page in it, among things of its own. */
export class StaticHost {
  private readonly server = createServer((request, response) => {
    const path = request.url ?? "";
    const file = path.startsWith(this.folder) ? this.page.files.get(path.slice(this.folder.length) || "index.html") : undefined;
    if (file !== undefined) return sendFile(file, path, this.page, null, response);
    const own = OWN[path];
    response.writeHead(own === undefined ? 404 : 200, { "Content-Type": own?.[0] ?? "text/plain" }).end(own?.[1]);
  });

  private constructor(
    /** What stands in the folder now. */
    public page: StaticPage,
    private readonly folder: string,
  ) {}

  static async start(page: StaticPage, folder: string): Promise<StaticHost> {
    const host = new StaticHost(page, folder);
    await new Promise<void>((resolve) => host.server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
