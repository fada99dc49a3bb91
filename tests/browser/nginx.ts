import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProjectFile } from "../../web/test/files.ts";
import { SETPRIV, endsWithUs } from "./engines/engine.ts";
import { end, freePort, untilReady } from "./program.ts";
import type { StaticPage } from "./service.ts";

const PROGRAM = "/usr/sbin/nginx";

/** Another host that serves the exported page in its folder `/check/`, by the lines that the handbook has for it. */
export class Nginx {
  static readonly missing = existsSync(PROGRAM) ? null : "not run: install Debian's nginx";

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(page: StaticPage): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), "countersign-nginx-"));
    const port = await freePort();
    mkdirSync(join(folder, "check"));
    page.files.forEach((content, name) => writeFileSync(join(folder, "check", name), content));
    writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, page));
    const process = spawn(SETPRIV, [...endsWithUs(PROGRAM), "-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
    const nginx = new Nginx(`http://localhost:${port}`, folder, process);
    await untilReady(process, nginx.url + "/check/");
    return nginx;
  }

  async stop(): Promise<void> {
    await end(this.process);
    rmSync(this.folder, { recursive: true });
  }
}

function configuration(folder: string, port: number, { headers }: StaticPage): string {
  const sent = Object.entries(headers).map(([name, value]) => `add_header ${name} ${JSON.stringify(value)};`);
  const [, documented = ""] = /```nginx\n([^]*?)```/.exec(readProjectFile("docs/operations.md")) ?? [];
  // anybody who may read the folder
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `${user} daemon off; pid ${folder}/pid; worker_processes 1; events {}
    http { access_log off; types { text/html html; text/javascript js; image/svg+xml svg; text/plain txt; }
      client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3; uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
      server { listen 127.0.0.1:${port}; root ${folder};
        location /check/ { ${sent.join(" ")} }
        ${documented} } }`;
}
