// @ts-check
/**
 * The page: takes a drawing, asks the service, paints what comes back. It knows no network mathematics; at most it
 * multiplies a weight with its input to colour a cell.
 *
 * @typedef {{erase: boolean, size: number, points: number[]}} Stroke  x, y, x, y … in 0..1023 of the pad's side
 * @typedef {{canvas: HTMLCanvasElement, scale: number, body: Blob | string, seed?: number}} Picture  uploaded, and how much
 *   smaller it is kept than it is sent; or noise, pixels as JSON
 * @typedef {{strokes: Stroke[], picture: Picture | null, pixels: number[]}} Drawing  pixels: of a four-pixel camera
 */

const UNITS = 1024; // to a side of the pad
const SIDE = 280; // pixels to a side of the PNG that is sent
const CELLS = 28; // steps of the keyboard's pen to a side
const NEAREST = 6; // units between two points of a stroke
const FURTHEST = 127; // so that a link holds each step in one signed byte
const WIDE = 40; // neurons; from here on a column is painted as a heat map
const PAST = 50; // steps that can be undone
const LARGEST = 1024; // pixels to a side of a picture that is kept
const LONGEST = 120_000; // numbers of a stroke, so that a link counts its points in two bytes
const STRONGEST = 4; // contributions that are followed to the layer before
const FOLLOWED = 16; // neurons of a layer at most, however many ways lead to it
const [PAPER, INK] = [-1, 1]; // of a camera of four pixels
const PATIENCE = 5; // seconds, however long a busy service asks for

const root = document.documentElement;
/** @returns {any} */
const $ = (id) => document.getElementById(id);
/** @returns {any[]} */
const all = (selector) => [...document.querySelectorAll(selector)];
const on = (id, type, act) => $(id).addEventListener(type, act);
const show = (x, decimals = 2) => x.toFixed(decimals).replace(/^-(0\.0*)$/, "$1").replace("-", "−");
const percent = (x) => `${(100 * x).toFixed(1)} %`;
const count = (n) => n.toLocaleString("en");
const largestOf = (numbers) => Math.max(...numbers.map(Math.abs)) || 1;
const write = (element, words) => { if (element.textContent !== words) element.textContent = words; };
/** Speak; the same words twice differ by a space that nobody hears, or they would be spoken once. */
const say = (words) => write($("say"), $("say").textContent === words ? `${words}\u00a0` : words);
/** @returns {any} */
const filled = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const html = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
// @ts-ignore  null only where another kind of context was made before
const context2d = (canvas) => canvas.getContext("2d", { willReadFrequently: true });

// --- What there is

/** @type {Drawing} */
let drawing = { strokes: [], picture: null, pixels: Array(4).fill(PAPER) };
/** @type {Drawing[]} */
const past = [];
/** @type {Stroke | null} */
let stroke = null; // the one being drawn
let byKeys = false; // whether the keyboard draws it
let isUnspoken = false; // a stroke ended: the answer is to be spoken, though the same words may stand there already
let erasing = false, noiseSeed = 0;
/** @type {any[]} */
let models = [];
/** @type {any} everything about the chosen one */
let model;
/** @type {any} the newest, and that of the model beside */
let reply, replyBeside;
/** @type {number[]} what the first layer read */
let inputs = [];
/** @type {any} {source, scale, body, pixels}: what that reply is about */
let sent;
let chosen = { layer: 1, index: 0 };
/** @type {number | null} null is the model's own */
let rejectBelow = null;
/** @type {number[]} of which the weights were kept; the moments of the replay, and behind them the network as served */
let epochs = [];
let moment = 0;

/** What the browser keeps of a name: nothing where it lets no page keep anything. @param {"localStorage" | "sessionStorage"} where */
function stored(where, name) {
  try { return window[where].getItem(name); } catch { return null; }
}
function store(where, name, value) {
  try { window[where].setItem(name, value); } catch { /* then it holds until the page is left */ }
}
const isKey = (text) => /^[\x20-\x7e\xa0-\xff]*$/.test(text); // what a header can carry
let key = stored("sessionStorage", "key") ?? "";
if (!isKey(key)) key = ""; // of another page of this origin

const readsPixels = (one = model) => one.sizes[0] !== CELLS * CELLS;
const lastLayer = () => model.sizes.length - 1;
const modelPath = () => `v1/models/${model.name}/versions/${model.version}`;
const isPast = () => moment < epochs.length;
const pathNow = () => (isPast() ? `${modelPath()}/history/${epochs[moment]}` : modelPath());

// --- Asking the service

/** What went wrong, in words for who reads the page; any other error is a fault of the page itself. */
class Trouble extends Error {}
const SILENT = "The service does not answer.";

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** Ask; of a busy service again when it says, up to three times. @param {string} path @param {RequestInit} options */
async function call(path, options = {}, tries = 3) {
  const headers = key ? { ...options.headers, "X-API-Key": key } : options.headers;
  const response = await fetch(path, { ...options, headers }).catch(() => { throw new Trouble(SILENT); });
  if ([429, 503].includes(response.status) && tries > 1) {
    await pause(Math.min(PATIENCE, Number(response.headers.get("Retry-After")) || 1));
    return call(path, options, tries - 1);
  }
  $("key").hidden = response.status !== 401;
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Trouble(problem.detail ?? `The service answered ${response.status}.`);
}

/** @param {Response} response @returns {Promise<any>} */
const jsonOf = (response) => response.json().catch((error) => {
  const isOther = error instanceof SyntaxError;
  throw new Trouble(isOther ? "What answers here is not the service: perhaps a proxy, or a page to sign in." : SILENT);
});
const getJson = async (path) => jsonOf(await call(path));

const neurons = new Map();
/** Return the weights into a neuron of a layer, from 1, or null until they have come. */
function weightsInto(layer, index) {
  const path = `${pathNow()}/weights/${layer - 1}/${index}.json`;
  if (!neurons.has(path)) {
    neurons.set(path, null);
    write($("neuron-told"), "");
    getJson(path).then((neuron) => { neurons.set(path, neuron); paintSoon(); }, (error) => missed(path, error));
  }
  return neurons.get(path);
}

/** Tell that weights have not come; whatever is painted next asks for them again. */
function missed(path, error) {
  neurons.delete(path);
  if (path.startsWith(`${pathNow()}/weights`)) write($("neuron-told"), `Some weights are missing. ${inPlain(error)}`);
}

let asking = false, wanted = false;
/** Classify the drawing as it is now: one request in flight, and the newest drawing wins. */
async function ask() {
  wanted = true;
  if (asking) return;
  asking = true;
  root.dataset.state = "asking";
  while (wanted) {
    wanted = false;
    const waiting = setInterval(tellWaiting, 500);
    await askOnce().catch((error) => { outdate(); complain(error); });
    clearInterval(waiting);
  }
  asking = false;
  root.dataset.state = "answered";
}

async function askOnce() {
  const asked = model, beside = $("compare").value, sending = await toSend();
  if (asked !== model) return; // whoever chose another asks it
  const first = await classify(model.name, sending.body);
  if (asked === model && (await isRenewed(first.reply.model_version))) return;
  const second = beside && (await classify(beside, sending.body));
  const read = sending.pixels ?? (await readPixels(first.reply.image));
  if (asked !== model) return;
  [reply, replyBeside, sent, inputs] = [first.reply, second?.reply, sending, read];
  isHeld = false;
  root.classList.remove("old");
  paint();
  paintRequest(first);
}

let renewed = ""; // the version for which the model was fetched anew
/** Fetch the model anew where the service answers with another version of it. @param {string} version */
async function isRenewed(version) {
  if (version === model.version || version === renewed || $("model").value !== model.name) return false;
  if (await chooseModel(model.name)) {
    renewed = version;
    wanted = true;
  }
  return true;
}

/** @param {string} name of the model @param {Blob | string} body */
async function classify(name, body) {
  const threshold = rejectBelow === null ? "" : `&reject_below=${rejectBelow}`;
  const route = name === model.name && isPast() ? `${pathNow()}/classify?` : `v1/classify?model=${name}&`;
  const path = `${route}include=image,hidden,preprocessing${threshold}`;
  const type = typeof body === "string" ? "application/json" : "image/png";
  const start = performance.now();
  const response = await call(path, { method: "POST", body, headers: { "Content-Type": type } });
  const reply = await jsonOf(response), took = performance.now() - start;
  return { reply, path, took, status: response.status, timing: response.headers.get("Server-Timing") ?? "" };
}

async function toSend() {
  const { picture, strokes, pixels } = drawing;
  if (readsPixels()) return { source: $("pad"), body: JSON.stringify({ pixels }), pixels: [...pixels] };
  if (picture && !strokes.length) return { source: picture.canvas, ...picture };
  const canvas = html("canvas", { width: SIDE, height: SIDE });
  drawWhite(context2d(canvas), SIDE);
  return { source: canvas, body: await toPng(canvas) };
}

/** @returns {Promise<any>} */
const toPng = (canvas) => new Promise((done) => canvas.toBlob(done));

/** @param {string} url of a grey PNG @returns {Promise<number[]>} 0..1 */
async function readPixels(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const { width, height } = image;
  const context = context2d(html("canvas", { width, height }));
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: width * height }, (_, i) => data[4 * i] / 255);
}

let isHeld = false; // until the next answer: what is painted anew meanwhile leaves the words alone
function hold(state, headline, words) {
  isHeld = true;
  tell(all(".answer")[0], state, headline, words);
  isUnspoken = false;
}

/** @param {any} error */
const complain = (error) => hold("failed", "No answer", inPlain(error));
const outdate = () => root.classList.add("old"); // what is shown belongs to an earlier drawing
function tellWaiting() {
  if (stroke) return;
  outdate();
  hold("waiting", "Waiting…", "The service has not answered yet.");
}
const inPlain = (error) => (error instanceof Trouble ? error.message : `This page has a fault: ${error.message}`);

// --- Drawing

/** @param {CanvasRenderingContext2D} context @param {number} side in its pixels @param {string} paper @param {string} ink */
function drawOn(context, side, paper, ink) {
  if (drawing.picture) fit(context, side, drawing.picture.canvas);
  context.lineCap = context.lineJoin = "round";
  for (const { erase, size, points } of drawing.strokes) {
    const p = points.map((unit) => (unit * side) / UNITS), n = p.length;
    context.strokeStyle = erase ? paper : ink;
    context.lineWidth = (size * side) / SIDE;
    context.beginPath();
    context.moveTo(p[0], p[1]);
    for (let i = 2; i < n - 2; i += 2) context.quadraticCurveTo(p[i], p[i + 1], (p[i] + p[i + 2]) / 2, (p[i + 1] + p[i + 3]) / 2);
    context.lineTo(p[n - 2] + 0.01, p[n - 1]);
    context.stroke();
  }
}

/** Draw black on white, as it is sent. */
function drawWhite(context, side) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  drawOn(context, side, "#fff", "#000");
}

/** Draw a part of a picture as large as the square allows; outline a box of it. */
function fit(context, side, source, [left, top, right, bottom] = [0, 0, source.width, source.height], box = null) {
  const [width, height] = [right - left, bottom - top], scale = side / Math.max(width, height);
  const [x, y] = [(side - width * scale) / 2, (side - height * scale) / 2];
  context.imageSmoothingEnabled = scale < 2;
  context.drawImage(source, left, top, width, height, x, y, width * scale, height * scale);
  if (!box) return;
  context.strokeStyle = colours().neg;
  context.lineWidth = 3;
  context.strokeRect(x + box[0] * scale, y + box[1] * scale, (box[2] - box[0]) * scale, (box[3] - box[1]) * scale);
}

function paintPad() {
  const context = context2d($("pad")), side = $("pad").width, { paper, ink, pos } = colours();
  context.clearRect(0, 0, side, side);
  if (readsPixels()) {
    drawing.pixels.forEach((pixel, i) => {
      context.fillStyle = faded(ink, (pixel + 1) / 2);
      context.fillRect((i % 2) * side / 2, Math.floor(i / 2) * side / 2, side / 2, side / 2);
    });
  } else if (drawing.picture) drawWhite(context, side);
  else drawOn(context, side, paper, ink);
  if (cursor.shown) {
    const step = side / cells();
    context.strokeStyle = pos;
    context.lineWidth = 4;
    context.strokeRect(cursor.x * step, cursor.y * step, step, step);
  }
  const isEmpty = !readsPixels() && !drawing.picture && !drawing.strokes.length;
  $("undo").disabled = !past.length;
  $("copy-link").disabled = !readsPixels() && drawing.picture && !drawing.picture.seed;
  $("hint").hidden = !isEmpty;
}

let steps = 0; // that were taken; what took its time is dropped where another came meanwhile

/** Keep what there is for undo. */
function remember() {
  steps++;
  finish?.();
  endStroke();
  past.push({ ...drawing, pixels: [...drawing.pixels] });
  past.splice(0, past.length - PAST);
}

function changed() {
  paintPad();
  ask();
}

function finished() {
  changed();
  writeHash();
}

/** Change the drawing in one step. @param {Partial<Drawing>} change */
function replace(change) {
  remember();
  drawing = { strokes: [], picture: null, pixels: Array(4).fill(PAPER), ...change };
  finished();
}

function undo() {
  steps++;
  finish?.();
  endStroke();
  const before = past.pop();
  drawing = before ?? drawing;
  finished();
  say(before ? "undone" : "nothing to undo");
}

/** Nothing is spoken while a stroke is drawn but what the keys do. */
const hush = (isBusy) => all(".answer [role=status]").forEach((region) =>
  (isBusy ? region.setAttribute("aria-busy", "true") : region.removeAttribute("aria-busy")));

/** @param {number} x @param {number} y in units */
function beginStroke(x, y, erase = erasing, isByKeys = false) {
  remember();
  byKeys = isByKeys;
  stroke = { erase, size: Number($("size").value) * (erase ? 2 : 1), points: [Math.round(x), Math.round(y)] };
  drawing.strokes = [...drawing.strokes, stroke];
  hush(true);
  changed();
}

/** @param {number} x @param {number} y in units */
function extendStroke(x, y) {
  if (!stroke) return;
  if (stroke.points.length > LONGEST) drawing.strokes = [...drawing.strokes, (stroke = { ...stroke, points: stroke.points.slice(-2) })];
  const [lastX, lastY] = stroke.points.slice(-2), distance = Math.hypot(x - lastX, y - lastY);
  const n = distance < NEAREST ? 0 : Math.ceil(distance / FURTHEST);
  for (let i = 1; i <= n; i++) {
    stroke.points.push(Math.round(lastX + ((x - lastX) * i) / n), Math.round(lastY + ((y - lastY) * i) / n));
  }
}

function endStroke() {
  if (!stroke) return;
  stroke = null;
  hush(false);
  isUnspoken = true;
  finished();
}

/** @returns {[number, number]} in units */
function place({ clientX, clientY }) {
  const { left, top, width, height } = $("pad").getBoundingClientRect();
  const clip = (share) => Math.min(UNITS - 1, Math.max(0, share * UNITS));
  return [clip((clientX - left) / width), clip((clientY - top) / height)];
}

let filling = INK;
const pixelAt = (x, y) => 2 * Math.floor((2 * y) / UNITS) + Math.floor((2 * x) / UNITS);

on("pad", "dragstart", (event) => event.preventDefault()); // what is selected would be carried away in place of drawing
let pointer = -1; // the one that draws
on("pad", "pointerdown", (event) => {
  const isFarEnd = event.button === 5; // of a stylus, which erases
  if (pointer !== -1 || (event.button > 0 && !isFarEnd)) return;
  pointer = event.pointerId;
  $("pad").setPointerCapture(pointer);
  cursor.shown = false;
  const [x, y] = place(event);
  if (!readsPixels()) return beginStroke(x, y, erasing || isFarEnd);
  remember();
  filling = erasing || drawing.pixels[pixelAt(x, y)] > 0 ? PAPER : INK;
  drawing.pixels[pixelAt(x, y)] = filling;
  changed();
});
on("pad", "pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const one of events.length ? events : [event]) {
    const [x, y] = place(one);
    if (readsPixels()) drawing.pixels[pixelAt(x, y)] = filling;
    else extendStroke(x, y);
  }
  changed();
});
for (const type of ["pointerup", "pointercancel"]) {
  on("pad", type, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = -1;
    if (stroke) endStroke();
    else finished();
  });
}

// --- The keyboard

const cursor = { x: 13, y: 13, shown: false };
const cells = () => (readsPixels() ? 2 : CELLS);
const cursorPlace = () => [((cursor.x + 0.5) / CELLS) * UNITS, ((cursor.y + 0.5) / CELLS) * UNITS];

function moveCursor(dx, dy) {
  const clip = (cell) => Math.min(cells() - 1, Math.max(0, cell));
  Object.assign(cursor, { shown: true, x: clip(cursor.x + dx), y: clip(cursor.y + dy) });
  const [x, y] = cursorPlace();
  if (byKeys) extendStroke(x, y); // the stroke of a pointer is its own
  if (stroke) changed();
  else paintPad();
}

/** @param {number} at the place of a pixel of the camera */
function turnPixel(at) {
  replace({ pixels: drawing.pixels.map((pixel, i) => (i === at ? -pixel : pixel)) });
  say(drawing.pixels[at] > 0 ? "ink" : "paper");
}

function penUpOrDown() {
  cursor.shown = true;
  if (readsPixels()) return turnPixel(2 * cursor.y + cursor.x);
  if (stroke) endStroke();
  else {
    const [x, y] = cursorPlace();
    beginStroke(x, y, erasing, true);
  }
  say(stroke ? "pen down" : "pen up");
}

/** @type {Record<string, () => void>} */
const KEYS = {
  ArrowLeft: () => moveCursor(-1, 0),
  ArrowRight: () => moveCursor(1, 0),
  ArrowUp: () => moveCursor(0, -1),
  ArrowDown: () => moveCursor(0, 1),
  " ": penUpOrDown,
  e: () => takeEraser(!erasing),
  u: undo,
  escape: clear,
  n: noise,
  "?": () => $("keys").showModal(),
};

on("pad", "keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isDigit = /^\d$/.test(event.key);
  const act = isDigit ? () => sample(event.key) : KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  if (!event.repeat || event.key.startsWith("Arrow")) act(); // a key that is held down moves the pen and does nothing else twice
});
on("pad", "blur", () => { cursor.shown = false; endStroke(); paintPad(); });
addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if (!model || isTyping || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.preventDefault();
  undo();
});

// --- Tools

function takeEraser(isTaken) {
  endStroke();
  erasing = isTaken;
  $("pen").setAttribute("aria-pressed", !erasing);
  $("eraser").setAttribute("aria-pressed", erasing);
  say(erasing ? "eraser" : "pen");
}

function clear() {
  endStroke();
  replace({});
  say("cleared");
}

/** Return numbers in 0..1, the same for the same seed (mulberry32), to two decimals. @returns {number[]} */
function random(seed, n) {
  return Array.from({ length: n }, () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.round(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * 100) / 100;
  });
}

/** Make noise that goes straight into the network. @returns {Picture} */
function noisePicture(seed) {
  const pixels = random(seed, CELLS * CELLS);
  const canvas = paintCells(html("canvas"), CELLS, pixels, (pixel) => Array(3).fill(255 * (1 - pixel)));
  return { canvas, scale: 1, body: JSON.stringify({ pixels }), seed };
}

function noise() {
  const seed = ++noiseSeed;
  replace(readsPixels() ? { pixels: random(seed, 4).map((x) => Math.round(200 * x - 100) / 100) } : { picture: noisePicture(seed) });
}

/** Take an uploaded, pasted or dropped file; what is no PNG becomes one as small as it is kept. */
async function takeFile(file) {
  if (!file || !model || readsPixels()) return;
  const step = ++steps;
  try {
    const bitmap = await createImageBitmap(file);
    const isPng = String(new Uint8Array(await file.slice(0, 4).arrayBuffer())) === "137,80,78,71";
    const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = html("canvas", { width, height });
    context2d(canvas).drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const body = isPng ? file : await toPng(canvas);
    layPaper(context2d(canvas), width, height);
    if (step === steps) replace({ picture: { canvas, scale: isPng ? scale : 1, body } });
  } catch {
    if (step === steps) complain(new Trouble("This browser cannot read the file as a picture; try a PNG or a JPEG."));
  }
}

/** Lay paper under a picture that is transparent in places; its ink contrasts with it. */
function layPaper(context, width, height) {
  const { data } = context.getImageData(0, 0, width, height);
  let light = 0, opacity = 0;
  for (let i = 0; i < data.length; i += 4) {
    light += data[i + 3] * (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]);
    opacity += data[i + 3];
  }
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = light > (255 / 2) * opacity ? "#000" : "#fff";
  context.fillRect(0, 0, width, height);
}

/** Each sample digit as strokes of x, y … on a page of 100 × 100; curves pass through the points. */
const SAMPLES = [
  [[54, 18, 36, 24, 27, 48, 33, 74, 51, 83, 68, 72, 73, 46, 65, 23, 52, 18]],
  [[40, 30, 53, 17, 52, 48, 49, 84]],
  [[31, 33, 41, 19, 59, 18, 68, 32, 58, 52, 40, 68, 29, 82, 50, 79, 73, 82]],
  [[32, 24, 48, 16, 65, 25, 60, 41, 46, 48, 64, 54, 69, 70, 52, 84, 30, 77]],
  [[42, 17, 34, 38, 30, 53, 50, 54, 74, 51], [62, 24, 60, 52, 57, 86]],
  [[68, 19, 40, 20, 37, 44, 54, 42, 69, 54, 65, 74, 48, 84, 30, 77]],
  [[63, 17, 43, 34, 32, 60, 40, 80, 58, 82, 66, 68, 57, 55, 42, 59, 35, 68]],
  [[29, 22, 50, 22, 71, 20, 60, 48, 47, 85]],
  [[65, 26, 49, 17, 36, 29, 48, 46, 64, 62, 60, 81, 42, 82, 36, 66, 50, 48, 64, 34, 65, 27]],
  [[66, 30, 51, 19, 35, 32, 42, 49, 60, 45, 67, 28, 64, 56, 58, 85]],
];
const FOUR = { solid: [1, 1, 1, 1], vertical: [1, -1, 1, -1], diagonal: [1, -1, -1, 1], horizontal: [1, 1, -1, -1] };

/** Pass a Catmull-Rom curve through points. @param {number[]} flat @returns {number[]} in units */
function smooth(flat) {
  const n = flat.length / 2, at = (i, k) => flat[2 * Math.min(n - 1, Math.max(0, i)) + k];
  const curve = Array.from({ length: 20 * (n - 1) }, (_, j) => {
    const i = Math.floor(j / 20), t = (Math.floor(j / 2) % 10) / 10, k = j % 2;
    const [a, b, c, d] = [at(i - 1, k), at(i, k), at(i + 1, k), at(i + 2, k)];
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  });
  return [...curve, ...flat.slice(-2)].map((x) => Math.round((x * UNITS) / 100));
}

/** @type {(() => void) | null} puts the rest of a sample on the pad at once */
let finish = null;

/** Draw a sample as a pen would. @param {string} name */
function sample(name) {
  if (readsPixels()) return FOUR[name] ? replace({ pixels: [...FOUR[name]] }) : say("this network reads no digits");
  const strokes = SAMPLES[Number(name)].map((flat) => ({ erase: false, size: 21, points: smooth(flat) }));
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return replace({ strokes });
  remember();
  const start = performance.now(), length = strokes.reduce((sum, { points }) => sum + points.length, 0);
  const drawTo = (end) => {
    drawing = { ...drawing, strokes: [], picture: null };
    for (const one of strokes) {
      if (end > 1) drawing.strokes.push({ ...one, points: one.points.slice(0, end) });
      end -= one.points.length;
    }
    changed();
  };
  const finishThis = () => { finish = null; drawTo(length); writeHash(); };
  const frame = () => {
    if (finish !== finishThis) return; // another is being drawn
    const end = 2 + 2 * Math.floor(((performance.now() - start) / 1200) * length);
    if (end < length) requestAnimationFrame(frame), drawTo(end);
    else finishThis();
  };
  finish = finishThis;
  frame();
}

// --- The link

/** @param {Stroke[]} strokes @returns {string} base64url of: pen, point count, first point, then steps of a byte each */
function encode(strokes) {
  const bytes = strokes.flatMap(({ erase, size, points }) => {
    const words = [points.length / 2, points[0], points[1]].flatMap((word) => [word >> 8, word & 255]);
    return [(erase ? 128 : 0) | size, ...words, ...points.slice(2).map((p, i) => (p - points[i]) & 255)];
  });
  return btoa(bytes.map((byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @param {string} text @returns {Stroke[]} */
function decode(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const strokes = [];
  for (let i = 0; i + 7 <= bytes.length;) {
    const [n, x, y] = [1, 3, 5].map((k) => (bytes[i + k] << 8) | bytes[i + k + 1]), points = [x, y];
    for (let k = 0; k < 2 * n - 2; k++) points.push(points[k] + ((bytes[i + 7 + k] << 24) >> 24));
    strokes.push({ erase: bytes[i] > 127, size: bytes[i] & 127, points });
    i += 5 + 2 * n;
  }
  return strokes;
}

let written = "";
function writeHash() {
  const { strokes, picture, pixels } = drawing, parts = [`model=${model.name}`];
  if (readsPixels()) parts.push(`pixels=${pixels}`);
  if (picture?.seed && !readsPixels()) parts.push(`noise=${picture.seed}`);
  if (strokes.length && !readsPixels()) parts.push(`strokes=${encode(strokes)}`);
  written = `#${parts.join("&")}`;
  history.replaceState(null, "", written);
}

/** Restore what the link says; what names no part of a drawing, as #pad, is no such link. */
async function readHash() {
  const said = new URLSearchParams(location.hash.slice(1)), name = said.get("model") ?? $("model").value;
  const isLink = ["model", "strokes", "noise", "pixels"].some((part) => said.has(part));
  if (!isLink) return history.replaceState(null, "", written || location.hash);
  if (location.hash === written) return;
  if (name !== $("model").value && models.some((m) => m.name === name) && !(await chooseModel(name))) return;
  try {
    const strokes = decode(said.get("strokes") ?? ""), seed = Number(said.get("noise")) >>> 0;
    const pixels = (said.get("pixels") ?? "").split(",").map(Number);
    const isGood = pixels.length === 4 && pixels.every((pixel) => Math.abs(pixel) <= 1);
    noiseSeed = Math.max(noiseSeed, seed);
    replace({ strokes, picture: seed ? noisePicture(seed) : null, ...(isGood && { pixels }) });
  } catch {
    say("the link holds no drawing");
  }
}

// --- Colours

/** Read the colours of the theme and palette where CSS has resolved them. */
function colours() {
  const [pos, neg, zero] = ["pos", "neg", "zero"].map((name) => getComputedStyle(all(`.${name}`)[0], "::before").backgroundColor);
  const { backgroundColor: paper, borderColor: edge, color: ink } = getComputedStyle($("pad"));
  return { pos, neg, zero, paper, edge, ink };
}
const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
const faded = (colour, opacity) => `rgb(${channels(colour).join(" ")} / ${opacity})`;

/** Paint numbers as cells, row by row. @param {(number: number) => number[]} colour as red, green, blue and opacity */
function paintCells(canvas, across, numbers, colour) {
  canvas.width = across;
  canvas.height = Math.ceil(numbers.length / across);
  const image = context2d(canvas).createImageData(canvas.width, canvas.height);
  numbers.forEach((number, i) => image.data.set([...colour(number), 255].slice(0, 4), 4 * i));
  context2d(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * Paint signed numbers as a square grid; the largest, whichever its sign, gets the full colour, and small ones more
 * than their share, since the weights of pixels that no digit reaches would outshine all others.
 */
function paintGrid(canvas, numbers, words) {
  const { pos, neg, zero } = colours(), [up, down, none] = [pos, neg, zero].map(channels), largest = largestOf(numbers);
  paintCells(canvas, Math.round(Math.sqrt(numbers.length)), numbers, (number) => {
    const share = Math.sqrt(Math.abs(number) / largest);
    return none.map((from, k) => from + share * ((number < 0 ? down : up)[k] - from));
  });
  canvas.setAttribute("aria-label", `${words}, from ${show(Math.min(...numbers))} to ${show(Math.max(...numbers))}`);
}

// --- Painting the answer

let isWaiting = false;
function paintSoon() {
  if (!isWaiting) requestAnimationFrame(() => { isWaiting = false; paint(); });
  isWaiting = true;
}

function paint() {
  if (reply?.model !== model.name) return;
  if (!isHeld && !(stroke && byKeys)) paintAnswers(); // key by key, nobody could listen to the end
  paintOutputs();
  paintNetwork();
  paintSteps();
  paintNeuron();
  paintLessons();
}

/** @param {string} state none, digit, rejected or failed */
function tell(box, state, headline, words) {
  const [strong, span] = box.querySelectorAll("strong, span");
  box.dataset.state = state;
  strong.className = state === "digit" && headline.length > 1 ? "word" : "";
  if (isUnspoken) strong.textContent = "";
  write(strong, headline);
  write(span, words);
}

/** @returns {[string, string, string]} state, headline, and the rest of the answer in words */
function inWords({ activations, argmax, reason, rejected, reject_below, preprocessing }) {
  const places = [...activations.keys()].sort((a, b) => activations[b] - activations[a]).slice(0, 2), most = activations[places[0]];
  const decimals = [2, 3, 4, 5].find((n) => show(most, n) !== show(reject_below, n)) ?? 6; // which tell what is weak from the threshold
  const told = (n) => places.map((i) => `${model.labels[i]} at ${show(activations[i], n)}`), best = told(2), weak = told(decimals);
  const because = {
    weak: `No neuron reached ${show(reject_below, decimals)}: the strongest is ${weak[0]}, next ${best[1]}.`,
    ambiguous: `Two neurons reached ${show(reject_below)}: ${best.join(" and ")}.`,
    several: `There is more than one thing in the picture. Strongest ${best[0]}, next ${best[1]}.`,
  };
  if (reason === "blank" || preprocessing?.bounding_box === null) {
    if (sent.canvas) return ["none", "Nothing to read", "No ink was found in the picture."];
    return ["none", "Nothing drawn yet", "Draw with a mouse, a finger, a pen or the arrow keys."];
  }
  if (rejected) return ["rejected", readsPixels() ? "None of these" : "Not a digit", because[reason] ?? reason];
  return ["digit", model.labels[argmax], `strongest ${show(activations[argmax])}, next ${best[1]}`];
}

function paintAnswers() {
  const boxes = all(".answer"), replies = [reply, replyBeside].filter(Boolean);
  boxes[1].hidden = !replyBeside;
  replies.forEach((r, i) => {
    const [state, headline, words] = inWords(r);
    tell(boxes[i], state, headline, replyBeside ? `${r.model}: ${words}` : words);
  });
  isUnspoken = false;
  write($("which"), replyBeside ? `upper bar ${reply.model}, lower bar ${replyBeside.model}` : "");
}

function buildOutputs() {
  const meter = (label) => html("div", { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 1 }, html("i"));
  $("outputs").tBodies[0].replaceChildren(...model.labels.map((label) => {
    const meters = html("div", {}, meter(label), meter(`${label}, beside`));
    meters.children[1].hidden = true;
    return html("tr", {}, html("th", { scope: "row" }, label),
      html("td", {}, html("div", { class: "row" }, meters, html("span", { class: "number" }, "0.00"))));
  }));
}

function paintOutputs() {
  [...$("outputs").tBodies[0].rows].forEach((row, i) => {
    row.className = i === reply.argmax && !reply.rejected ? "best" : "";
    row.querySelectorAll(".meter").forEach((meter, m) => {
      const r = [reply, replyBeside][m];
      meter.hidden = !r;
      const value = Math.min(1, Math.max(0, r?.activations[i] ?? 0));
      meter.style.setProperty("--value", value);
      meter.style.setProperty("--at", r?.reject_below ?? 0);
      meter.setAttribute("aria-valuenow", value.toFixed(2));
    });
    write(row.querySelector(".number"), show(reply.activations[i]));
  });
}

function paintThreshold() {
  const { reject, evaluation } = model, at = rejectBelow ?? reject.threshold, distance = (p) => Math.abs(p.threshold - at);
  $("reject").value = at;
  write($("reject-told"), show(at));
  if (!evaluation?.operating_curve.length) return write($("operating"), "Nothing was measured for this network.");
  const point = evaluation.operating_curve.reduce((best, p) => (distance(p) < distance(best) ? p : best));
  const [lost, kept] = [percent(1 - point.coverage), percent(1 - point.false_acceptance)];
  const left = point.coverage ? `of the good ones left, reads ${percent(point.accuracy)} rightly` : "none is left to be read";
  write($("operating"), `Measured at ${show(point.threshold)}: rejects ${lost} of good pictures and ${kept} of trash; `
    + `${left} (${evaluation.data}).`);
}

// --- Painting the network

const WIDTH = 660, HEIGHT = 440, INPUT = 160, MIDDLE = 227; // of the picture, in its own units

const isWide = (layer) => model.sizes[layer] > WIDE;

/** Where the neurons of a layer are. @returns {{x: number, n: number, r: number, across: number, at: (i: number) => number[]}} */
function column(layer) {
  const n = model.sizes[layer], right = WIDTH - (Math.max(...model.labels.map((label) => label.length)) > 2 ? 110 : 60);
  const x = 270 + ((right - 270) * (layer - 1)) / Math.max(1, lastLayer() - 1);
  const across = isWide(layer) ? Math.min(20, Math.ceil(Math.sqrt(n * 0.45))) : 1, rows = Math.ceil(n / across);
  const gap = across > 1 ? Math.min(6, 400 / rows) : Math.min(40, 410 / n);
  const at = (i) => [x + ((i % across) - (across - 1) / 2) * gap, MIDDLE + (Math.floor(i / across) - (rows - 1) / 2) * gap];
  return { x, n, across, at, r: across > 1 ? gap / 2 : Math.min(12, gap * 0.42) };
}

/** @returns {number[] | undefined} weight × input, for each input of a neuron */
function products(layer, index) {
  const before = layer === 1 ? inputs : reply.hidden[layer - 2].activations;
  return weightsInto(layer, index)?.weights.map((weight, i) => weight * before[i]);
}

/** @returns {number[]} the places of the n largest, whichever their sign */
const strongestOf = (numbers, n) =>
  [...numbers.keys()].sort((a, b) => Math.abs(numbers[b]) - Math.abs(numbers[a])).slice(0, n);

/** Draw the n strongest contributions to a neuron. */
function linesInto(layer, index, n) {
  const numbers = layer > 1 ? products(layer, index) : null;
  if (!numbers) return [];
  const largest = largestOf(numbers), from = column(layer - 1), [x2, y2] = column(layer).at(index);
  return strongestOf(numbers, n).map((i) => {
    const share = Math.abs(numbers[i]) / largest, [x1, y1] = from.at(i);
    return svg("line", { x1, y1, x2, y2, class: numbers[i] < 0 ? "down" : "up", "stroke-width": 0.4 + 4 * share, "stroke-opacity": 0.12 + 0.8 * share });
  });
}

/** Draw what decides the winner: the contributions to it, to the strongest of them, and so on back. */
function linesBack() {
  const lines = [], last = lastLayer();
  for (let layer = last, followed = [reply.argmax]; layer > 1; layer--) {
    lines.unshift(...followed.flatMap((i) => linesInto(layer, i, layer === last ? 16 : STRONGEST)));
    followed = [...new Set(followed.flatMap((i) => strongestOf(products(layer, i) ?? [], STRONGEST)))].slice(0, FOLLOWED);
  }
  return lines;
}

function paintColumn(layer) {
  const { at, r, n, across } = column(layer), { activations } = reply.hidden[layer - 1], { ink, pos, neg, edge } = colours();
  const largest = model.activation_functions[layer - 1] === "relu" ? largestOf(activations) : 1;
  const shares = activations.map((a) => Math.min(1, Math.abs(a) / largest));
  if (across > 1) {
    const href = paintCells(html("canvas"), across, shares, (share) => [...channels(ink), 20 + 235 * share]).toDataURL();
    const [x, y] = at(0);
    return [svg("image", { href, x: x - r, y: y - r, width: across * 2 * r, height: Math.ceil(n / across) * 2 * r })];
  }
  return shares.flatMap((share, i) => {
    const [cx, cy] = at(i), weights = readsPixels() && layer === 1 ? weightsInto(1, i)?.weights ?? [] : [];
    const field = weights.map((weight, k) => svg("rect", {
      x: cx - r - 38 + 15 * (k % 2), y: cy - 15 + 15 * Math.floor(k / 2), width: 15, height: 15, stroke: edge,
      fill: weight < 0 ? neg : pos, "fill-opacity": Math.abs(weight) / largestOf(weights),
    }));
    const label = layer === lastLayer() ? [svg("text", { x: cx + r + 8, y: cy + 5, class: i === reply.argmax && !reply.rejected ? "winner" : "" }, model.labels[i])] : [];
    return [svg("circle", { cx, cy, r, class: "hole" }), svg("circle", { cx, cy, r, class: "neuron", "fill-opacity": share }), ...field, ...label];
  });
}

function paintNetwork() {
  const last = lastLayer(), top = MIDDLE - INPUT / 2, { layer, index } = chosen, [x, y] = column(layer).at(index), { edge } = colours();
  const layers = model.sizes.slice(1).map((_, i) => i + 1), name = (at, words) => svg("text", { x: at, y: 16, "text-anchor": "middle" }, words);
  const fan = [0, INPUT].map((dy) => svg("line", { x1: 8 + INPUT, y1: top + dy, x2: x, y2: y, class: "chosen", "stroke-opacity": 0.5 }));
  $("picture").replaceChildren(
    name(8 + INPUT / 2, "what it reads"), ...layers.map((l) => name(column(l).x, l === last ? "output" : `layer ${l}`)),
    svg("rect", { x: 7, y: top - 1, width: INPUT + 2, height: INPUT + 2, fill: "none", stroke: edge }),
    svg("image", { href: reply.image, x: 8, y: top, width: INPUT, height: INPUT }),
    ...layers.filter(isWide).flatMap(paintColumn),
    ...(layer === 1 ? fan : linesInto(layer, index, 16)), ...linesBack(),
    ...layers.filter((l) => !isWide(l)).flatMap(paintColumn), svg("circle", { class: "chosen", cx: x, cy: y, r: column(layer).r + 4 }),
  );
  $("picture").setAttribute("aria-label", `The network: ${model.sizes.join(" to ")} neurons. ${inWords(reply).slice(1).join(". ")}`);
}

on("picture", "click", ({ clientX, clientY }) => {
  const { left, top, width, height } = $("picture").getBoundingClientRect();
  const x = ((clientX - left) / width) * WIDTH, y = ((clientY - top) / height) * HEIGHT;
  const distances = model.sizes.slice(1).flatMap((n, l) => Array.from({ length: n }, (_, index) => {
    const [cx, cy] = column(l + 1).at(index);
    return { layer: l + 1, index, distance: Math.hypot(cx - x, cy - y) };
  }));
  const nearest = distances.reduce((a, b) => (b.distance < a.distance ? b : a));
  if (nearest.distance < 40) choose(nearest.layer, nearest.index);
});

/** The number of the first neuron: outputs are numbered as their digits are. */
const firstNumber = (layer) => (layer === lastLayer() && !readsPixels() ? 0 : 1);

/** Show a neuron; those of a layer form a ring. */
function choose(layer, index) {
  const n = model.sizes[layer];
  chosen = { layer, index: ((index % n) + n) % n };
  paint();
}

// --- Painting one neuron

const FUNCTIONS = { sigmoid: "σ(z)", tanh: "tanh z", relu: "max(0, z)" };

function paintNeuron() {
  const { layer, index } = chosen, neuron = weightsInto(layer, index), numbers = products(layer, index);
  if (!numbers) return; // what is shown stays until the weights have come
  const name = layer === lastLayer() ? `Neuron ${model.labels[index]} of the output` : `Neuron ${index + 1} of layer ${layer}`;
  write($("neuron-title"), name);
  $("layer").value = layer;
  $("index").min = firstNumber(layer);
  $("index").max = firstNumber(layer) + model.sizes[layer] - 1;
  if (document.activeElement !== $("index")) $("index").value = firstNumber(layer) + index;
  $("grids").hidden = layer > 1;
  $("bars").toggleAttribute("hidden", layer === 1);
  if (layer > 1) paintBars(layer, numbers);
  else {
    paintGrid($("weights"), neuron.weights, `Weights of ${name}`);
    paintGrid($("products"), numbers, "Weights times input");
  }
  const { z: sums, activations } = reply.hidden[layer - 1], z = sums[index];
  const told = { neuron: name, sum: show(z - neuron.bias), bias: show(neuron.bias), z: show(z), activation: show(activations[index]) };
  const row = (term, value, kind = "") => [html("dt", { class: kind }, term), html("dd", { class: kind }, value)];
  $("sum").replaceChildren(...row("weights × inputs, summed", told.sum), ...row("bias", told.bias), ...row("z", told.z, "total"),
    ...row(FUNCTIONS[model.activation_functions[layer - 1]], told.activation));
  writeLive(told);
}

function paintBars(layer, numbers) {
  const places = strongestOf(numbers, 16).sort((a, b) => a - b), largest = largestOf(numbers), step = 320 / places.length;
  $("bars").replaceChildren(svg("line", { x1: 0, x2: 320, y1: 68, y2: 68 }), ...places.flatMap((i, k) => {
    const height = (62 * Math.abs(numbers[i])) / largest, isMinus = numbers[i] < 0;
    return [svg("rect", { x: k * step + 2, width: step - 4, y: isMinus ? 68 : 68 - height, height, class: isMinus ? "minus" : "plus" }),
      svg("text", { x: (k + 0.5) * step, y: 146 }, i + 1)];
  }));
  const top = strongestOf(numbers, 3).map((i) => `neuron ${i + 1} at ${show(numbers[i])}`).join(", ");
  $("bars").setAttribute("aria-label", `Weights times inputs from layer ${layer - 1}; the strongest: ${top}`);
}

// --- Painting what was done, and the request

const READING = { "mnist-deskewed": ", set upright", "mnist-evened": ", set upright and brought near one size" };

function paintSteps() {
  const done = reply.preprocessing, box = done?.bounding_box ?? undefined, step = READING[model.preprocessing.name] ?? "";
  const paper = (id) => {
    const context = context2d($(id));
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 112, 112);
    return context;
  };
  all(".steps")[0].classList.toggle("away", readsPixels());
  const kept = box?.map((place) => place * (sent.scale ?? 1));
  fit(paper("step-drawn"), 112, sent.source, undefined, kept);
  fit(paper("step-cropped"), 112, sent.source, kept);
  const image = new Image();
  image.onload = () => fit(paper("step-read"), 112, image);
  image.src = reply.image;
  if (!done) return write($("steps-told"), "Sent as numbers, straight into the network.");
  if (!box) return write($("steps-told"), "There is no ink to crop.");
  const size = `${box[2] - box[0]} × ${box[3] - box[1]}`, moved = done.shift.map((shift) => show(shift, 1)).join(" and ");
  write($("steps-told"), `${done.inverted ? "Dark on light" : "Light on dark"}, cropped to ${size}, scaled by ${show(done.scale, 3)}, `
    + `moved by ${moved} pixels${step}.`);
}

const isJson = () => typeof sent.body === "string";

function paintRequest({ path, status, took, timing }) {
  const json = isJson() && sent.body.length > 200 ? "@noise.json" : `'${sent.body}'`;
  const secret = key ? '-H "X-API-Key: $SERVICE_KEY" ' : ""; // by a name, not as it is: others see the screen
  const body = isJson() ? `--json ${json}` : "--data-binary @drawing.png -H 'Content-Type: image/png'";
  const seconds = Object.fromEntries([...timing.matchAll(/(\w+);dur=([\d.]+)/g)].map(([, name, ms]) => [name, Number(ms)]));
  write($("curl"), `curl -s ${secret}${body} \\\n  '${new URL(path, location.href)}'`);
  write($("reply"), JSON.stringify(reply, (_, value) => (typeof value?.[0] === "number" ? value.join(" ") : value), 2));
  write($("timing"), `${status} in ${took.toFixed(1)} ms, ${show(seconds.total ?? 0, 1)} ms of them in the service`);
  write($("download"), isJson() ? "Download JSON" : "Download PNG");
  writeLive({ forward: `${show(seconds.forward ?? 0)} ms` });
}

/** Give a blob an address, long enough to be loaded from. @param {Blob} blob */
function fleeting(blob) {
  const url = URL.createObjectURL(blob);
  setTimeout(() => URL.revokeObjectURL(url), 20_000);
  return url;
}

function download() {
  const href = fleeting(isJson() ? new Blob([sent.body], { type: "application/json" }) : sent.body);
  html("a", { href, download: isJson() ? "noise.json" : "drawing.png" }).click();
}

async function copy(text, what) {
  let told = `${what} copied`;
  try {
    await navigator.clipboard.writeText(text); // there is no clipboard where the page comes over plain HTTP
  } catch {
    told = `This browser lets no page copy; ${what === "link" ? "the address of the page is the link." : "mark the text instead."}`;
  }
  write($("timing"), told);
  say(told);
}

/** Show the model card where a link cannot: it would be asked for without the key. */
async function openCard() {
  const text = await (await call(`${modelPath()}/card`)).text();
  open(fleeting(new Blob([text], { type: "text/plain; charset=utf-8" })));
}

// --- What is below

/** Write live numbers into the text. @param {Record<string, string>} numbers */
function writeLive(numbers) {
  for (const [name, words] of Object.entries(numbers)) all(`[data-live="${name}"]`).forEach((element) => write(element, words));
}

function paintLessons() {
  const [up, down] = $("palette").selectedOptions[0].text.split(", ");
  const { activations, argmax } = reply, meant = Number($("meant").value), { training } = model;
  const [worst] = strongestOf(activations.map((a, i) => (i === meant ? 0 : a)), 1);
  writeLive({
    up, down, inputs: count(model.sizes[0]), outputs: count(model.sizes.at(-1)), parameters: count(model.parameters),
    winner: model.labels[argmax], strongest: show(activations[argmax]),
    miss: show(Math.abs(1 - activations[meant])), worst: model.labels[worst], "worst-miss": show(Math.abs(activations[worst])),
    epochs: count(training?.epochs ?? 0), images: count(training?.n_images ?? 0),
    doubt: [reply, replyBeside].filter(Boolean).map((r) => `${r.model} says “${inWords(r)[1]}”, its strongest at ${show(r.activations[r.argmax])}`).join("; ") + ".",
  });
  paintSquash();
}

/** Plot what came out of each neuron over its sum, for the neurons with the squashing function of the chosen one. */
function paintSquash() {
  const functions = model.activation_functions, mine = reply.hidden[chosen.layer - 1];
  const pairs = reply.hidden.flatMap(({ z, activations }, l) => (functions[l] === functions[chosen.layer - 1] ? z.map((x, i) => [x, activations[i]]) : []));
  const low = Math.min(0, ...pairs.map(([, a]) => a)), high = Math.max(1, ...pairs.map(([, a]) => a));
  const x = (z) => 150 + (Math.max(-12, Math.min(12, z)) / 12) * 140, y = (a) => 92 - ((a - low) / (high - low)) * 80;
  const dot = (z, a, r, kind) => svg("circle", { cx: x(z), cy: y(a), r, class: kind });
  $("squash").replaceChildren(
    svg("line", { x1: 5, x2: 295, y1: y(0), y2: y(0) }), svg("line", { x1: 150, x2: 150, y1: 8, y2: 96 }),
    svg("text", { x: 5, y: 106 }, "z = −12"), svg("text", { x: 295, y: 106, "text-anchor": "end" }, "z = 12"), svg("text", { x: 154, y: 14 }, show(high, 0)),
    ...pairs.slice(0, 400).map(([z, a]) => dot(z, a, 3, "")), dot(mine.z[chosen.index], mine.activations[chosen.index], 6, "chosen"),
  );
}

/** Fetch a picture of the model, with the key where one is needed. */
async function picture(path, alt) {
  const blob = await (await call(`${modelPath()}/${path}`)).blob();
  const image = html("img", { src: URL.createObjectURL(blob), alt });
  image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
  return image;
}

/** What each fold-out holds; made when it is opened. @type {Record<string, () => Promise<(Node | string)[]>>} */
const MORE = {
  "grids-more": async () => [await picture(`weights/0.png?palette=${$("palette").value}&scale=2`, `Weights of the ${model.sizes[1]} neurons of layer 1`)],
  dreams: () => Promise.all(model.labels.map(async (label, i) =>
    html("figure", {}, await picture(`dream/${i}.png?scale=4`, `What output ${label} dreams of`), html("figcaption", {}, label)))),
  curve: async () => (model.curve.length ? [curveChart()] : ["Nothing is known of its training."]),
  confusion: async () => (model.evaluation ? [confusionTable()] : ["Nothing was measured."]),
};

const folds = {}; // how often each was painted: of two paintings the newer stays, whichever comes first
async function paintFold(id) {
  const mine = (folds[id] = (folds[id] ?? 0) + 1);
  const made = $(id).open && (await MORE[id]().catch((error) => [inPlain(error)]));
  if (made && mine === folds[id]) $(id).querySelector("div").replaceChildren(...made);
}
const paintMore = () => Object.keys(MORE).forEach(paintFold);

function curveChart() {
  const { curve } = model, [first, last] = [curve[0], curve.at(-1)], most = Math.max(...curve.map(({ cost }) => cost));
  const path = (of) => `M${curve.map((m) => `${(40 + (640 * m.epoch) / last.epoch).toFixed(1)} ${(170 - 150 * of(m)).toFixed(1)}`).join("L")}`;
  const words = `The cost (down) fell from ${show(first.cost, 3)} to ${show(last.cost, 3)}; of images kept aside, `
    + `${percent(last.validation_accuracy)} were read rightly at the end (up).`;
  return svg("svg", { viewBox: "0 0 720 200", class: "chart", role: "img", "aria-label": words },
    svg("path", { d: "M40 20V170H680", stroke: colours().edge }),
    svg("path", { d: path((m) => m.cost / most), class: "down" }), svg("path", { d: path((m) => m.validation_accuracy), class: "up" }),
    svg("text", { x: 40, y: 190 }, `epoch ${first.epoch}`), svg("text", { x: 680, y: 190, "text-anchor": "end" }, last.epoch),
    svg("text", { x: 56, y: 110 }, words));
}

function confusionTable() {
  const { confusion, n_images, data } = model.evaluation, { neg } = colours(), { labels } = model;
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const cell = (n, isRight) => {
    const td = html("td", { class: isRight ? "right" : "" }, n || isRight ? n : "·");
    if (!isRight && n) td.style.backgroundColor = faded(neg, (0.45 * n) / most);
    return td;
  };
  return html("table", {}, html("caption", {}, `Rows: what was written. Columns: what was read. ${count(n_images)} images of ${data}.`),
    html("thead", {}, html("tr", {}, html("td"), ...labels.map((label) => html("th", { scope: "col" }, label)))),
    html("tbody", {}, ...confusion.map((row, i) => html("tr", {}, html("th", { scope: "row" }, labels[i]), ...row.map((n, j) => cell(n, i === j))))));
}

// --- The replay of the training

/** Go to a moment of the training. @param {number} to 0..epochs.length, the last for the network as it is served */
function go(to) {
  moment = to;
  if (!epochs.length) return;
  const after = (epoch) => model.curve.filter((m) => m.epoch <= epoch).at(-1);
  const past = after(epochs[moment]), costs = epochs.map((epoch) => (after(epoch) ?? model.curve[0])?.cost ?? 0);
  const x = (i) => (400 * i) / epochs.length, y = (cost) => 38 - (36 * cost) / largestOf(costs), end = costs.at(-1) ?? 0;
  $("moment").value = moment;
  $("cost").replaceChildren(
    svg("path", { d: `M${[...costs, end].map((cost, i) => `${x(i)} ${y(cost)}`).join("L")}` }),
    svg("line", { x1: x(moment), x2: x(moment), y1: 0, y2: 40, stroke: colours().ink }),
  );
  const cost = past ? `: cost ${show(past.cost, 3)}, ${percent(past.validation_accuracy)} read rightly` : "";
  const told = cost || (epochs[moment] ? "" : ": weights at random");
  write($("moment-told"), isPast() ? `epoch ${epochs[moment]}${told}` : "as it is served");
}

let playing = 0;
async function play() {
  const mine = ++playing;
  for (let to = 0; to <= epochs.length && mine === playing; to++) {
    go(to);
    ask();
    await pause(0.3);
  }
}

// --- Choices

const options = (id, names, values = names) => $(id).replaceChildren(...names.map((name, i) => html("option", { value: values[i] }, name)));

let choices = 0; // of a model; the newest wins
/** Fetch a model and take it, unless another is chosen meanwhile. @param {string} name @returns {Promise<boolean>} whether it was taken */
async function chooseModel(name) {
  const choice = ++choices;
  try {
    const found = await getJson(`v1/models/${name}`);
    const history = await getJson(`v1/models/${name}/versions/${found.version}/history`);
    if (choice === choices) takeModel(found, history.epochs);
  } catch (error) {
    if (choice !== choices) return false;
    if (model) $("model").value = model.name;
    throw error;
  }
  return choice === choices;
}

/** Make a model the one in force, and the page fit it. */
function takeModel(found, itsEpochs) {
  steps++;
  playing++;
  finish?.();
  endStroke();
  if (model && readsPixels() !== readsPixels(found)) past.length = 0;
  [model, epochs, rejectBelow, chosen] = [found, itsEpochs, null, { layer: 1, index: 0 }];
  const { name } = model;
  $("moment").max = epochs.length;
  for (const element of [$("replay"), ...all("[data-do=replay]")]) element.classList.toggle("away", !epochs.length);
  go(epochs.length);
  $("model").value = name;
  const beside = $("compare").value, layers = model.sizes.slice(1).map((_, i) => i + 1);
  const peers = models.filter((m) => m.name !== name && String(m.labels) === String(model.labels) && m.sizes[0] === model.sizes[0]);
  options("layer", layers.map((l) => (l === lastLayer() ? "output" : l)), layers);
  options("compare", ["none", ...peers.map((m) => m.name)], ["", ...peers.map((m) => m.name)]);
  $("compare").value = peers.some((m) => m.name === beside) ? beside : "";
  options("meant", model.labels, Object.keys(model.labels));
  $("samples").className = readsPixels() ? "words" : "";
  $("samples").replaceChildren(...(readsPixels() ? Object.keys(FOUR) : Object.keys(SAMPLES)).map((label) => {
    const button = html("button", { type: "button", "aria-label": `Sample ${label}` }, label);
    button.onclick = () => sample(label);
    return button;
  }));
  $("size").disabled = readsPixels();
  for (const element of [$("upload-label"), $("files"), ...all(".digits")]) element.hidden = readsPixels();
  cursor.x = cursor.y = readsPixels() ? 0 : 13;
  write($("description"), model.description);
  $("card").href = `${modelPath()}/card`;
  buildOutputs();
  paintThreshold();
  paintMore();
}

function repaint() {
  if (!model) return;
  paintPad();
  paint();
  paintMore();
}

function threshold(value) {
  rejectBelow = value;
  paintThreshold();
  ask();
}

const reveal = (id) => $(id).scrollIntoView();
/** What the buttons between the lessons do. @type {Record<string, (button: HTMLElement) => void>} */
const ACTS = {
  sample: ({ dataset }) => { sample(String(dataset.with)); reveal("draw"); },
  next: () => { choose(1, chosen.layer === 1 ? chosen.index + 1 : 0); reveal("network"); },
  copy: () => copy($("curl").textContent, "request"),
  replay: () => { reveal("network"); play(); },
  grids: () => { $("grids-more").open = true; reveal("grids-more"); },
  noise: () => {
    if (!$("compare").value) $("compare").selectedIndex = Math.min(1, $("compare").length - 1);
    noise();
    reveal("draw");
  },
};

async function start() {
  const before = model?.name;
  ({ models } = await getJson("v1/models"));
  options("model", models.map((m) => m.name));
  const first = models.find((m) => m.name === before) ?? models.find((m) => m.default) ?? models[0];
  if (!(await chooseModel(first.name))) return;
  for (const part of all("[inert]")) part.inert = false;
  await readHash();
  if (!before) past.length = 0;
  changed();
}

let beginnings = 0;
/** Start, and try again until it is done; where a key is missing, whoever enters one begins anew. */
async function begin() {
  for (const mine = ++beginnings; mine === beginnings; await pause(PATIENCE)) {
    const problem = await start().catch((error) => error);
    if (problem) complain(problem);
    if (!problem || !$("key").hidden) return;
  }
}

for (const name of ["palette", "theme"]) {
  const kept = stored("localStorage", name); // another page of this origin may keep something else by that name
  if ([...$(name).options].some(({ value }) => value === kept)) $(name).value = kept;
  root.dataset[name] = $(name).value;
  on(name, "change", ({ target }) => {
    store("localStorage", name, (root.dataset[name] = target.value));
    repaint();
  });
}
on("pen", "click", () => takeEraser(false));
on("eraser", "click", () => takeEraser(true));
on("undo", "click", undo);
on("clear", "click", clear);
on("noise", "click", noise);
on("upload", "change", ({ target }) => { takeFile(target.files[0]); target.value = ""; });
on("keys-open", "click", () => $("keys").showModal());
on("model", "change", ({ target }) => chooseModel(target.value).then((isTaken) => isTaken && finished(), complain));
on("compare", "change", ask);
on("reject", "input", ({ target }) => threshold(Number(target.value)));
on("reject-own", "click", () => threshold(null));
on("layer", "change", ({ target }) => choose(Number(target.value), 0));
on("index", "input", ({ target: { value } }) => /^-?\d+$/.test(value) && choose(chosen.layer, Number(value) - firstNumber(chosen.layer)));
on("index", "change", ({ target }) => { target.value = firstNumber(chosen.layer) + chosen.index; });
on("card", "click", (event) => {
  if (!key) return;
  event.preventDefault();
  openCard().catch(complain);
});
on("neuron-before", "click", () => choose(chosen.layer, chosen.index - 1));
on("neuron-after", "click", () => choose(chosen.layer, chosen.index + 1));
on("moment", "input", ({ target }) => { playing++; go(Number(target.value)); ask(); });
on("play", "click", play);
on("meant", "change", paint);
on("copy-curl", "click", () => copy($("curl").textContent, "request"));
on("copy-link", "click", () => { finish?.(); copy(location.href, "link"); });
on("download", "click", download);
on("key", "submit", (event) => {
  event.preventDefault();
  const text = $("key-text").value;
  if (!isKey(text)) return complain(new Trouble("No key has such letters in it; copy it once more."));
  store("sessionStorage", "key", (key = text));
  begin();
});
for (const id of Object.keys(MORE)) on(id, "toggle", () => paintFold(id));
for (const button of all("[data-do]")) button.addEventListener("click", () => ACTS[button.dataset.do](button));
const dragged = (isOver) => all(".paper")[0].classList.toggle("over", isOver);
addEventListener("paste", ({ clipboardData }) => takeFile(clipboardData?.files[0]));
addEventListener("dragover", (event) => { event.preventDefault(); dragged(true); });
addEventListener("dragleave", () => dragged(false));
addEventListener("drop", (event) => { event.preventDefault(); dragged(false); takeFile(event.dataTransfer?.files[0]); });
addEventListener("hashchange", () => model && readHash().catch(complain));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
const needsModel = "#draw, #network, .threshold, #request, #more, #learn, #model, #compare";
for (const part of all(needsModel)) part.inert = true; // until there is a network to do it with
begin();
