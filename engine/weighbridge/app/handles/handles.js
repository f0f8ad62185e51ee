// Bounds over a histogram as handles that are dragged, or moved by arrow keys. Plain SVG, no library, no network.
// Every text is set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 232, TOP = 40, BOTTOM = 36, SIDE = 26;
const FLAG = { width: 46, height: 18 };
const PAUSE = 500; // milliseconds after the last arrow key, before the bound is reported
const PAGE = 10; // steps of the keys Page Up and Page Down

const instances = new WeakMap();

function make(name, attributes = {}, parent = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

function number(value) {
  return String(Number(value.toFixed(2)));
}

class Handles {
  constructor(root) {
    this.root = root;
    this.svg = make("svg", { height: HEIGHT, width: "100%" }, root);
    this.back = make("g", { "aria-hidden": "true" }, this.svg);
    this.front = make("g", {}, this.svg);
    this.legend = document.createElement("ul");
    root.append(this.legend);
    this.parts = new Map();
    this.timer = null;
    this.held = null;
    this.width = 0;
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(root);
  }

  take(component) {
    this.component = component;
    this.data = component.data;
    if (this.held === null) this.values = new Map(this.data.handles.map((h) => [h.id, h.value]));
    this.svg.setAttribute("aria-label", this.data.label);
    this.svg.setAttribute("role", "group");
    this.width = 0;
    this.resize();
  }

  resize() {
    const width = Math.round(this.root.getBoundingClientRect().width);
    if (!this.data || width === 0 || width === this.width) return;
    this.width = width;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawBars();
    this.drawHandles();
    this.show();
  }

  x(value) {
    const { low, high } = this.data;
    return SIDE + ((value - low) / (high - low)) * (this.width - 2 * SIDE);
  }

  at(x) {
    const { low, high } = this.data;
    return low + ((x - SIDE) / (this.width - 2 * SIDE)) * (high - low);
  }

  drawBars() {
    const { bars, low, high, most, words } = this.data;
    this.back.replaceChildren();
    const floor = HEIGHT - BOTTOM, room = floor - TOP;
    const size = (high - low) / bars.length;
    bars.forEach((count, place) => {
      if (count === 0) return;
      const start = this.x(low + place * size), end = this.x(low + (place + 1) * size);
      const height = Math.max(1.5, (count / most) * room);
      const bar = make("rect", { class: "bar", x: start, y: floor - height, width: Math.max(0.5, end - start - 1), height }, this.back);
      make("title", {}, bar).textContent = this.data.tips[place];
    });
    make("line", { class: "axis", x1: SIDE, x2: this.width - SIDE, y1: floor, y2: floor }, this.back);
    for (let place = 0; place <= 10; place += 1) {
      const value = low + ((high - low) * place) / 10;
      const tick = make("text", { class: "tick", x: this.x(value), y: floor + 14, "text-anchor": "middle" }, this.back);
      tick.textContent = number(value);
    }
    make("text", { class: "tick", x: this.width / 2, y: HEIGHT - 6, "text-anchor": "middle" }, this.back).textContent = words.axis;
    make("text", { class: "tick", x: SIDE, y: TOP - 6, "text-anchor": "start" }, this.back).textContent = words.most;
  }

  drawHandles() {
    const wanted = new Set(this.data.handles.map((h) => h.id));
    for (const [id, part] of this.parts) {
      if (!wanted.has(id)) {
        part.group.remove();
        this.parts.delete(id);
      }
    }
    for (const handle of this.data.handles) {
      let part = this.parts.get(handle.id);
      if (!part) {
        part = this.newHandle(handle.id);
        this.parts.set(handle.id, part);
      }
      part.group.setAttribute("aria-label", handle.label);
      part.group.classList.toggle("inherited", handle.inherited);
      part.group.setAttribute("aria-disabled", String(this.data.readOnly));
      part.group.setAttribute("tabindex", this.data.readOnly ? "-1" : "0");
    }
  }

  newHandle(id) {
    const group = make("g", { class: "handle", role: "slider", "aria-orientation": "horizontal" }, this.front);
    const grip = make("rect", { class: "grip", x: -10, y: TOP - 20, width: 20, height: HEIGHT - BOTTOM - TOP + 20 }, group);
    const line = make("line", { class: "bound", x1: 0, x2: 0, y1: TOP - 20, y2: HEIGHT - BOTTOM }, group);
    const flag = make("rect", { class: "flag", x: -FLAG.width / 2, width: FLAG.width, height: FLAG.height, rx: 4 }, group);
    const text = make("text", { class: "value", "text-anchor": "middle" }, group);
    group.addEventListener("pointerdown", (event) => this.grab(id, event));
    group.addEventListener("pointermove", (event) => this.drag(id, event));
    group.addEventListener("pointerup", () => this.release(id));
    group.addEventListener("pointercancel", () => this.release(id));
    group.addEventListener("keydown", (event) => this.key(id, event));
    group.addEventListener("blur", () => this.flush());
    return { group, grip, line, flag, text };
  }

  // A bound stays between its neighbours, on the grid of steps.
  limits(id) {
    const ordered = this.data.handles.map((h) => h.id), place = ordered.indexOf(id), { low, high, step } = this.data;
    return [
      place > 0 ? this.values.get(ordered[place - 1]) + step : low,
      place < ordered.length - 1 ? this.values.get(ordered[place + 1]) - step : high,
    ];
  }

  move(id, value) {
    const { step } = this.data, [least, most] = this.limits(id);
    const snapped = Math.round(value / step) * step;
    this.values.set(id, Number(Math.min(Math.max(snapped, least), most).toFixed(6)));
    this.show();
  }

  grab(id, event) {
    if (this.data.readOnly || event.button !== 0) return;
    this.flush();
    const { group } = this.parts.get(id);
    group.setPointerCapture(event.pointerId);
    group.focus();
    this.held = { id, from: this.values.get(id), gap: event.clientX - this.svg.getBoundingClientRect().left - this.x(this.values.get(id)) };
    event.preventDefault();
  }

  drag(id, event) {
    if (this.held?.id !== id) return;
    this.move(id, this.at(event.clientX - this.svg.getBoundingClientRect().left - this.held.gap));
  }

  release(id) {
    if (this.held?.id !== id) return;
    const { from } = this.held;
    this.held = null;
    if (this.values.get(id) !== from) this.report(id);
  }

  key(id, event) {
    if (this.data.readOnly) return;
    const { step } = this.data, now = this.values.get(id), [least, most] = this.limits(id);
    const to = {
      ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step,
      PageDown: now - PAGE * step, PageUp: now + PAGE * step, Home: least, End: most,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.move(id, to);
    clearTimeout(this.timer);
    this.waiting = id;
    this.timer = setTimeout(() => this.flush(), PAUSE);
  }

  flush() {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.report(this.waiting);
  }

  report(id) {
    const value = this.values.get(id);
    if (value !== this.data.handles.find((h) => h.id === id)?.value) this.component.setTriggerValue("moved", { id, value });
  }

  // How many scores lie at or above a value: exact at every step, and at the bounds as they came.
  above(value) {
    const known = this.data.handles.find((h) => h.value === value);
    if (known) return known.above;
    const place = Math.round((value - this.data.low) / this.data.step);
    return this.data.above[Math.min(Math.max(place, 0), this.data.above.length - 1)];
  }

  show() {
    const { handles, tiers, total, words } = this.data;
    let last = -Infinity, row = 0;
    for (const handle of handles) {
      const { group, flag, text } = this.parts.get(handle.id), value = this.values.get(handle.id), x = this.x(value);
      row = x - last < FLAG.width + 4 ? 1 - row : 0;
      last = x;
      const y = row === 0 ? 0 : FLAG.height + 2;
      group.setAttribute("transform", `translate(${x} 0)`);
      const [least, most] = this.limits(handle.id);
      group.setAttribute("aria-valuemin", least);
      group.setAttribute("aria-valuemax", most);
      group.setAttribute("aria-valuenow", value);
      flag.setAttribute("y", y);
      text.setAttribute("y", y + 13);
      text.textContent = number(value);
    }
    this.legend.replaceChildren();
    tiers.forEach((tier, place) => {
      const own = this.values.get(tier.id) ?? tier.value;
      const next = tiers[place + 1] && (this.values.get(tiers[place + 1].id) ?? tiers[place + 1].value);
      const count = (own === null ? total : this.above(own)) - (next === undefined ? 0 : this.above(next));
      const item = document.createElement("li");
      const share = total ? (100 * count) / total : 0;
      const name = document.createElement("b");
      name.textContent = tier.name;
      item.append(name, ` ${words.count.replace("{count}", count.toLocaleString("en")).replace("{share}", share.toFixed(1))}`);
      this.legend.append(item);
      const part = this.parts.get(tier.id);
      if (part) part.group.setAttribute("aria-valuetext", `${number(own)}, ${item.textContent}`);
    });
  }

  close() {
    this.flush();
    this.watcher.disconnect();
  }
}

export default function (component) {
  const { parentElement } = component;
  let handles = instances.get(parentElement);
  if (handles === undefined) {
    handles = new Handles(parentElement.querySelector(".handles"));
    instances.set(parentElement, handles);
  }
  handles.take(component);
  return () => {
    instances.delete(parentElement);
    handles.close();
  };
}
