import type { ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

// What the programs that a test starts have in common: they listen on a port, become ready, and end.

const READY_WITHIN_MS = 30000;

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Waits until the program answers well at an address. */
export async function untilReady(program: ChildProcess, address: string): Promise<void> {
  const giveUp = Date.now() + READY_WITHIN_MS;
  while (!(await fetch(address).then((response) => response.ok, () => false))) {
    if (Date.now() > giveUp || program.exitCode !== null) throw new Error(`${address} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks the program to end, and waits until it has. */
export async function end(program: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => program.once("exit", resolve));
  program.kill("SIGTERM");
  await ended;
}
