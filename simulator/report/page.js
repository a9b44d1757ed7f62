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
      if (i < 0 || i >= rows.length) return;
      at = i;
      const d = svg.dataset, box = svg.getBoundingClientRect(), k = box.width / svg.viewBox.baseVal.width;
      let x = box.width / 2, y = 0;
      if (d.kind === "rows") y = (+d.top + (+d.height * (i + 0.5)) / +d.n) * k;
      else {
        const part = d.kind === "bars" ? (i + 0.5) / +d.n : +d.n > 1 ? i / (+d.n - 1) : 0;
        x = (+d.left + +d.width * part) * k;
        svg.querySelector(".cursor").setAttribute("transform", `translate(${x / k} 0)`);
        svg.classList.add("hit");
      }
      if (!tip) { tip = document.createElement("div"); tip.className = "tip"; figure.append(tip); }
      tip.replaceChildren();
      const head = document.createElement("b");
      head.textContent = rows[i][0];
      tip.append(head);
      rows[i].slice(1).forEach((value, j) => {
        if (value === "-") return;
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
      tip.style.top = `${d.kind === "rows" ? top + y + 16 : top + 30}px`;
    };
    const near = (svg, event) => {
      const d = svg.dataset, box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
      if (d.kind === "rows") {
        const i = Math.floor((((event.clientY - box.top) * k - +d.top) / +d.height) * +d.n);
        return i < 0 || i >= +d.n ? -1 : i;
      }
      const part = ((event.clientX - box.left) * k - +d.left) / +d.width;
      if (part < -0.03 || part > 1.03) return -1;
      const i = d.kind === "bars" ? Math.floor(part * +d.n) : Math.round(part * (+d.n - 1));
      return Math.max(0, Math.min(+d.n - 1, i));
    };
    for (const svg of figure.querySelectorAll("svg")) {
      svg.addEventListener("pointermove", (event) => { const i = near(svg, event); if (i < 0) hide(); else show(svg, i); });
      svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
      svg.setAttribute("tabindex", "0");
      svg.addEventListener("blur", hide);
      svg.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        const next = event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : step ? Math.max(0, Math.min(rows.length - 1, at + step)) : -1;
        if (event.key === "Escape") hide();
        if (next < 0) return;
        event.preventDefault();
        show(svg, next);
        said.textContent = rows[next].map((v, j) => (j ? `${heads[j]} ${v}` : v)).join(", ");
      });
    }
  }
})();
