import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";

/** A program on a terminal of its own, by what it shows and what is typed into it. */
export class Terminal {
  private written = "";
  private ended = false;

  private constructor(private readonly process: ChildProcess) {
    process.stdout?.on("data", (bytes: Buffer) => {
      this.written += bytes.toString("latin1");
    });
  }

  /** `script` (util-linux) gives it the terminal; `vt100` moves the cursor and knows no more. */
  static run(command: string, folder: string): Terminal {
    const env = { PATH: process.env["PATH"], HOME: folder, TERM: "vt100", LANG: "C" };
    const words = ["-qefc", "stty rows 70 cols 100; exec " + command, "/dev/null"];
    return new Terminal(spawn("script", words, { env, cwd: folder, detached: true, stdio: ["pipe", "pipe", "inherit"] }));
  }

  /** Types keys, once the screen shows a text. */
  async type(shows: RegExp, keys: string): Promise<void> {
    await this.see(shows);
    this.written = "";
    this.process.stdin?.write(keys);
  }

  /** Waits for a text on the screen, drawn since something was typed; a key that draws all of it afresh is typed until it shows. */
  async see(shows: RegExp, redraw = ""): Promise<string> {
    const until = Date.now() + 15_000;
    for (let turn = 1; ; turn++) {
      if (redraw !== "" && turn % 25 === 0) {
        this.written = "";
        this.process.stdin?.write(redraw);
      }
      // what moves the cursor or changes a colour stands between words
      const text = this.written.replace(/\0/g, "").replace(/\u001b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78DEHM])/g, " ").replace(/[\s\u000e\u000f]+/g, " ");
      if (shows.test(text)) return text;
      assert.ok(Date.now() < until, `${String(shows)} is not in: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it, with what it started. */
  stop(): void {
    const { pid, exitCode, signalCode } = this.process;
    if (pid !== undefined && exitCode === null && signalCode === null && !this.ended) process.kill(-pid, "SIGKILL");
    this.ended = true;
  }
}
