"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const ROW = 36;
  const byId = (id) => document.getElementById(id);
  const content = JSON.parse(byId("data").textContent);
  const words = { inconclusive: "suspicious", not_comparable: "not comparable" };

  // Everything shown is set as text or as an attribute of ours, never as markup.
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const draw = (name, attributes = {}, ...children) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const seconds = (micro) => {
    if (micro === null) return "–";
    if (micro >= 120e6) return `${Math.floor(Math.round(micro / 1e6) / 60)} min ${String(Math.round(micro / 1e6) % 60).padStart(2, "0")} s`;
    if (micro >= 999500) return micro < 100e6 ? `${(micro / 1e6).toFixed(2)} s` : `${(micro / 1e6).toFixed(0)} s`;
    return micro >= 1000 ? `${Number((micro / 1e3).toPrecision(3))} ms` : `${Math.round(micro)} µs`;
  };

  const level = new Map([...content.levels].map((character, at) => [character, at / (content.levels.length - 1)]));
  const tests = [];
  for (const suite of content.suites) {
    let name = "";
    for (const [same, rest, line, outcome, verdict, setup, call, teardown, before, causes, low, high, levels] of suite.tests) {
      name = name.slice(0, same) + rest;
      const border = name.indexOf("::");
      const short = border < 0 ? name : name.slice(border + 2);
      tests.push({ suite, name, short, place: border < 0 ? "" : name.slice(0, border), lower: name.toLowerCase(), line, outcome, verdict, setup, call, teardown, before, causes, low, high, levels,
        total: setup + call + teardown });
    }
  }
  const value = (test, at) => {
    const found = level.get(test.levels[at]);
    return found === undefined ? null : test.low + found * (test.high - test.low);
  };
  const values = (test, from, to) => Array.from({ length: Math.max(0, to - from) }, (_, at) => value(test, from + at)).filter((one) => one !== null);
  const median = (sorted) => (sorted.length ? (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 : null);
  const ascending = (list) => [...list].sort((a, b) => a - b);

  const points = (test, width, height) => {
    const count = test.levels.length;
    const found = [];
    for (let at = 0; at < count; at += 1) {
      const y = level.get(test.levels[at]);
      if (y !== undefined) found.push(`${(2 + (at / Math.max(1, count - 1)) * (width - 4)).toFixed(1)},${(height - 3 - (test.high > test.low ? y : 0.5) * (height - 6)).toFixed(1)}`);
    }
    return found;
  };
  const spark = (test) => {
    const svg = draw("svg", { class: "spark", viewBox: "0 0 108 26", preserveAspectRatio: "none", "aria-hidden": "true" });
    const found = points(test, 108, 26);
    if (found.length > 1) svg.append(draw("polyline", { class: "line", points: found.join(" ") }));
    return svg;
  };

  const compared = tests.some((test) => test.verdict);
  const several = content.suites.length > 1;
  const rank = ["regressed", "inconclusive", "added", "improved", "not_comparable", "unchanged", ""];
  const columns = [
    { key: "name", title: "Test", kind: "", text: true, cell: (test) => test.name },
    { key: "suite", title: "Suite", kind: "c-suite wide", text: true, hide: !several, cell: (test) => test.suite.name },
    { key: "verdict", title: "Verdict", kind: "c-verdict wide", hide: !compared, cell: (test) => words[test.verdict] ?? test.verdict },
    { key: "outcome", title: "Outcome", kind: "c-outcome wide mid", text: true, cell: (test) => test.outcome },
    { key: "total", title: "Total", kind: "c-number number", cell: (test) => seconds(test.total) },
    { key: "setup", title: "Set-up", kind: "c-number number wide mid", cell: (test) => seconds(test.setup) },
    { key: "call", title: "Call", kind: "c-number number wide mid", cell: (test) => seconds(test.call) },
    { key: "teardown", title: "Tear-down", kind: "c-number number wide mid", cell: (test) => seconds(test.teardown) },
    { key: "spread", title: "Runs", kind: "c-spark", cell: spark },
  ].filter((column) => !column.hide);
  const sortable = (test, key) => {
    if (key === "suite") return test.suite.name;
    if (key === "verdict") return rank.length - rank.indexOf(test.verdict);
    if (key === "spread") return test.low > 0 ? test.high / test.low : 0;
    return test[key] ?? -1;
  };

  const list = byId("list");
  const body = byId("rows");
  const table = byId("table");
  let shown = tests;
  let order = compared ? { key: "verdict", down: true } : { key: "total", down: true };
  let drawn = "";

  const row = (at) => {
    const test = shown[at];
    const cells = columns.map((column) => {
      const cell = make("td", { class: column.kind });
      if (column.key === "name") {
        const button = make("button", { type: "button", title: test.name, "data-at": at, tabindex: "-1" }, test.short, make("span", { class: "dim" }, test.place));
        button.addEventListener("click", () => detail(at));
        cell.append(button);
      } else cell.append(column.cell(test));
      if (column.key === "verdict" && test.verdict) cell.classList.add(`v-${test.verdict}`);
      if (column.key === "outcome" && ["failed", "error", "crashed"].includes(test.outcome)) cell.classList.add("bad");
      return cell;
    });
    return make("tr", { "aria-rowindex": at + 2 }, ...cells);
  };
  const space = (height) => {
    const cell = make("td");
    cell.style.height = `${height}px`;
    const line = make("tr", { class: "space", "aria-hidden": "true" }, cell);
    line.style.height = `${height}px`;
    return line;
  };
  const show = (force = false, limit = 0) => {
    const first = limit ? 0 : Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
    const last = limit ? Math.min(shown.length, limit) : Math.min(shown.length, first + Math.ceil(list.clientHeight / ROW) + 12);
    if (!force && drawn === `${first}-${last}`) return;
    drawn = `${first}-${last}`;
    const rows = Array.from({ length: Math.max(0, last - first) }, (_, at) => row(first + at));
    if (first > 0) rows.unshift(space(first * ROW));
    if (!limit && last < shown.length) rows.push(space((shown.length - last) * ROW));
    const active = document.activeElement?.dataset?.at;
    body.replaceChildren(...rows);
    if (active !== undefined) body.querySelector(`[data-at="${Number(active)}"]`)?.focus({ preventScroll: true });
  };
  const arrange = () => {
    const parts = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const suite = byId("suite").value;
    shown = tests.filter((test) => (!suite || test.suite.name === suite) && parts.every((part) => test.lower.includes(part)));
    const direction = order.down ? -1 : 1;
    const keys = new Map(shown.map((test) => [test, sortable(test, order.key)]));
    shown.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      return (x < y ? -direction : x > y ? direction : 0) || b.total - a.total;
    });
    table.setAttribute("aria-rowcount", shown.length + 1);
    byId("found").textContent = shown.length === tests.length ? `${tests.length} tests` : `${shown.length} of ${tests.length} tests`;
    for (const head of byId("heads").children) {
      const on = head.dataset.key === order.key;
      head.setAttribute("aria-sort", on ? (order.down ? "descending" : "ascending") : "none");
      head.querySelector(".arrow").textContent = on ? (order.down ? " ↓" : " ↑") : "";
    }
    list.scrollTop = 0;
    show(true);
  };

  const width = () => Math.max(240, Math.min(760, innerWidth - 80));
  const frame = (label, height, ...children) => draw("svg", { class: "chart", viewBox: `0 0 ${width()} ${height}`, role: "img", "aria-label": label }, ...children);
  const label = (x, y, text, anchor = "start") => draw("text", { x, y, "text-anchor": anchor }, text);
  const history = (test) => {
    const dots = points(test, width(), 110).map((point) => point.split(","));
    const after = points({ ...test, levels: [...test.levels].map((one, at) => (at >= test.suite.after ? one : content.none)).join("") }, width(), 110).length;
    return frame(`Seconds in ${dots.length} runs, from ${seconds(test.low)} to ${seconds(test.high)}`, 130,
      draw("polyline", { class: "line", points: dots.map((dot) => dot.join(",")).join(" ") }),
      ...dots.map(([cx, cy], at) => draw("circle", { class: at >= dots.length - after ? "dot after" : "dot", cx, cy, r: 3 })),
      label(2, 126, "oldest"), label(width() - 2, 126, "newest", "end"));
  };
  const distribution = (test) => {
    const past = test.before ? [] : ascending(values(test, 0, test.suite.after));
    const now = ascending(values(test, test.suite.after, test.levels.length));
    if (!now.length) now.push(test.total);
    const ends = [...past, ...now, ...(test.before || [])];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const right = width() - 12;
    const x = (one) => 58 + (high > low ? (one - low) / (high - low) : 0.5) * (right - 58);
    const strip = (found, y, kind) => found.map((one) => draw("circle", { class: kind, cx: x(one).toFixed(1), cy: y, r: 4 }));
    const tick = (one, y) => (one === null ? [] : [draw("line", { class: "tick", x1: x(one), x2: x(one), y1: y - 11, y2: y + 11 })]);
    const range = test.before ? [draw("rect", { class: "range", x: x(test.before[0]), y: 16, width: Math.max(2, x(test.before[2]) - x(test.before[0])), height: 12 })] : [];
    const [old, current] = [test.before ? test.before[1] : median(past), median(now)];
    const told = old === null ? `Now ${seconds(current)}; nothing from before` : `Before ${seconds(old)}, now ${seconds(current)} (medians)`;
    return [make("p", {}, told),
      frame(told, 96, draw("line", { class: "axis", x1: 58, x2: right, y1: 22, y2: 22 }), draw("line", { class: "axis", x1: 58, x2: right, y1: 56, y2: 56 }),
        ...range, ...strip(past, 22, "dot"), ...strip(now, 56, "dot after"), ...tick(old, 22), ...tick(current, 56),
        label(0, 26, "before"), label(0, 60, "now"), label(58, 90, seconds(low)), label(right, 90, high > low ? seconds(high) : "", "end"))];
  };
  const detail = (at) => {
    const test = shown[at];
    const facts = [["Total", seconds(test.total)], ["Set-up", seconds(test.setup)], ["Call", seconds(test.call)], ["Tear-down", seconds(test.teardown)],
      ["Outcome", test.outcome], ["Suite", test.suite.name], ...(test.line ? [["Line", String(test.line)]] : []), ...(test.verdict ? [["Verdict", words[test.verdict] ?? test.verdict]] : [])];
    const parts = [make("dl", {}, ...facts.flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)])), ...(test.causes ? [make("p", { class: "spent" }, `Spent on: ${test.causes}`)] : []), make("h3", {}, "Before and now"), ...distribution(test)];
    if (test.levels.length > 1) parts.push(make("h3", {}, "Every run"), make("p", {}, `From ${seconds(test.low)} to ${seconds(test.high)}`), history(test));
    byId("detail-title").textContent = test.name;
    byId("detail-body").replaceChildren(...parts);
    byId("detail").showModal();
  };

  for (const column of columns) {
    const button = make("button", { type: "button" }, column.title, make("span", { class: "arrow", "aria-hidden": "true" }));
    const head = make("th", { scope: "col", class: column.kind, "data-key": column.key, "aria-sort": "none" }, button);
    button.addEventListener("click", () => {
      order = { key: column.key, down: order.key === column.key ? !order.down : !column.text };
      arrange();
    });
    byId("heads").append(head);
  }
  for (const suite of content.suites) byId("suite").append(make("option", { value: suite.name }, suite.name));
  byId("search").addEventListener("input", arrange);
  byId("suite").addEventListener("change", arrange);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  list.addEventListener("scroll", () => requestAnimationFrame(() => show()), { passive: true });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.closest("thead")) return;
    const at = Number(event.target.dataset.at ?? -1) + step;
    if (at < 0 || at >= shown.length) return;
    event.preventDefault();
    if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
    if ((at + 2) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 2) * ROW - list.clientHeight;
    show();
    body.querySelector(`[data-at="${at}"]`)?.focus({ preventScroll: true });
  });
  addEventListener("beforeprint", () => show(true, 200));
  addEventListener("afterprint", () => show(true));
  addEventListener("resize", () => show(true));

  const theme = byId("theme");
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  theme.setAttribute("aria-pressed", dark());
  theme.addEventListener("click", () => {
    const chosen = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    theme.setAttribute("aria-pressed", chosen === "dark");
    try { localStorage.setItem("paceline-theme", chosen); } catch { /* a page from a file may have no storage */ }
  });
  byId("unscripted").remove();
  arrange();
  document.documentElement.dataset.ready = "";
})();
