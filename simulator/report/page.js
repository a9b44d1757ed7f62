"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const theme = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const name = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = theme() === "dark" ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();

  // printed, the tables of the charts stand together behind everything else
  const tables = [...document.querySelectorAll("details.values")].map((d) => [d, d.querySelector(".scroll")]).filter(([, t]) => t);
  const appendix = document.getElementById("appendix");
  addEventListener("beforeprint", () => { for (const [, t] of tables) appendix.append(t); });
  addEventListener("afterprint", () => { for (const [d, t] of tables) d.append(t); });

  const along = (d, i) => {
    if (d.at) return +d.at.split(" ")[i];
    return +d.left + +d.width * (d.kind === "bars" ? (i + 0.5) / +d.n : +d.n > 1 ? i / (+d.n - 1) : 0);
  };
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const table = figure.querySelector("table");
    const heads = [...table.tHead.rows[0].cells].map((c) => c.textContent);
    const rows = [...table.tBodies[0].rows].map((r) => [...r.cells].map((c) => c.textContent));
    const said = figure.querySelector(".sr");
    let tip = null, at = -1;

    const hide = () => {
      if (tip) tip.remove();
      tip = null; at = -1;
      for (const svg of figure.querySelectorAll("svg")) svg.classList.remove("hit");
    };
    const show = (svg, i) => {
      const d = svg.dataset, box = svg.getBoundingClientRect(), k = box.width / svg.viewBox.baseVal.width;
      const columns = +d.columns || 1, row = Math.floor(i / columns), column = i % columns;
      if (i < 0 || row >= rows.length) return;
      at = i;
      let x = box.width / 2, y = 0;
      if (d.kind === "rows") y = (+d.top + (+d.height * (i + 0.5)) / +d.n) * k;
      else if (d.kind === "grid") {
        const wide = +d.width / columns, tall = +d.height / +d.n;
        x = (+d.left + wide * (column + 0.5)) * k;
        y = (+d.top + tall * (row + 0.5)) * k;
        svg.querySelector(".cell").setAttribute("transform", `translate(${+d.left + wide * column} ${+d.top + tall * row})`);
        svg.classList.add("hit");
      } else {
        x = along(d, i) * k;
        svg.querySelector(".cursor").setAttribute("transform", `translate(${x / k} 0)`);
        svg.classList.add("hit");
      }
      if (!tip) { tip = document.createElement("div"); tip.className = "tip"; figure.append(tip); }
      tip.replaceChildren();
      const head = document.createElement("b");
      head.textContent = rows[row][0];
      tip.append(head);
      rows[row].slice(1).forEach((value, j) => {
        if (value === "-" || (d.kind === "grid" && j !== column)) return;
        const line = document.createElement("span"), label = document.createElement("i"), number = document.createElement("span");
        label.textContent = heads[j + 1];
        number.textContent = value;
        line.append(label, number);
        tip.append(line);
      });
      const outer = figure.getBoundingClientRect(), left = box.left - outer.left, top = box.top - outer.top;
      let place = left + x + 14;
      if (place + tip.offsetWidth > outer.width) place = left + x - tip.offsetWidth - 14;
      tip.style.left = `${Math.max(0, Math.min(place, outer.width - tip.offsetWidth))}px`;
      tip.style.top = `${d.kind === "rows" || d.kind === "grid" ? top + y + 16 : top + 30}px`;
    };
    const near = (svg, event) => {
      const d = svg.dataset, box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
      if (d.kind === "rows") {
        const i = Math.floor((((event.clientY - box.top) * k - +d.top) / +d.height) * +d.n);
        return i < 0 || i >= +d.n ? -1 : i;
      }
      const part = ((event.clientX - box.left) * k - +d.left) / +d.width;
      if (d.kind === "grid") {
        const column = Math.floor(part * +d.columns), row = Math.floor((((event.clientY - box.top) * k - +d.top) / +d.height) * +d.n);
        return row < 0 || row >= +d.n || column < 0 || column >= +d.columns ? -1 : row * +d.columns + column;
      }
      if (part < -0.03 || part > 1.03) return -1;
      if (d.at) {
        const x = (event.clientX - box.left) * k, away = d.at.split(" ").map((p) => Math.abs(p - x));
        return away.indexOf(Math.min(...away));
      }
      const i = d.kind === "bars" ? Math.floor(part * +d.n) : Math.round(part * (+d.n - 1));
      return Math.max(0, Math.min(+d.n - 1, i));
    };
    for (const svg of figure.querySelectorAll("svg")) {
      svg.addEventListener("pointermove", (event) => { const i = near(svg, event); if (i < 0) hide(); else show(svg, i); });
      svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
      svg.setAttribute("tabindex", "0");
      svg.addEventListener("blur", hide);
      svg.addEventListener("keydown", (event) => {
        const columns = +svg.dataset.columns || 1, last = rows.length * columns - 1;
        const step = { ArrowRight: 1, ArrowDown: columns, ArrowLeft: -1, ArrowUp: -columns }[event.key];
        const moved = at < 0 ? 0 : at + step, next = event.key === "Home" ? 0 : event.key === "End" ? last : step ? (moved < 0 || moved > last ? Math.max(0, at) : moved) : -1;
        if (event.key === "Escape") hide();
        if (next < 0) return;
        event.preventDefault();
        show(svg, next);
        const row = rows[Math.floor(next / columns)], only = columns > 1 ? (next % columns) + 1 : 0;
        said.textContent = row.map((v, j) => (j ? `${heads[j]} ${v}` : v)).filter((_, j) => !only || !j || j === only).join(", ");
      });
    }
  }
})();
