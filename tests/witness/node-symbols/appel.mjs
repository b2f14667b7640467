// Reads the QR codes of pictures with two readers, and texts in Base45, prints them as JSON.
// Usage: node appel.mjs < parameters as JSON: images [path of a PNG], svg [text], base45 [text].
import { readFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";
import { getDefaultScanner, scanRGBABuffer, ZBarConfigType, ZBarSymbolType } from "@undecaf/zbar-wasm";
import base45 from "base45";
import jsQR from "jsqr";
import { PNG } from "pngjs";

const told = JSON.parse(readFileSync(0));
const scanner = await getDefaultScanner();
scanner.setConfig(ZBarSymbolType.ZBAR_NONE, ZBarConfigType.ZBAR_CFG_ENABLE, 0);
scanner.setConfig(ZBarSymbolType.ZBAR_QRCODE, ZBarConfigType.ZBAR_CFG_ENABLE, 1);

async function read(png) {
  const { width, height, data } = PNG.sync.read(png);
  const pixels = new Uint8ClampedArray(data);
  const symbols = await scanRGBABuffer(pixels.buffer.slice(0), width, height, scanner);
  const found = jsQR(pixels, width, height);
  return {
    zbar: symbols.map((symbol) => symbol.decode("utf-8")),
    jsqr: found ? [found.data] : [],
    version: found?.version,
  };
}

const page = { background: "white", fitTo: { mode: "width", value: 800 } };
const drawn = (svg) => new Resvg(svg, page).render().asPng();
const pictures = [
  ...(told.images ?? []).map((path) => readFileSync(path)),
  ...(told.svg ?? []).map(drawn),
];
const said = { lus: [], base45: [] };
for (const picture of pictures) said.lus.push(await read(picture));
for (const text of told.base45 ?? []) said.base45.push(base45.decode(text).toString("hex"));
console.log(JSON.stringify(said));
