import { Byte, Encoder } from "@nuintun/qrcode";

/** The margin that a reader needs, in modules. */
const QUIET = 4;

/** A text as a QR code, drawn as the address of a picture. */
export function symbolOf(text: string): string {
  const symbol = new Encoder({ level: "M" }).encode(new Byte(text));
  const side = symbol.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < symbol.size; y++) for (let x = 0; x < symbol.size; x++) if (symbol.get(x, y) === 1) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/></svg>`;
  return "data:image/svg+xml," + encodeURIComponent(svg);
}
