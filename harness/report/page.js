"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  for (const id of ["controls", "hint"]) byId(id).hidden = false;

  // Theme: as the system, light, dark.
  const themes = [["", "as the system"], ["light", "light"], ["dark", "dark"]];
  let theme = 0;
  byId("theme").addEventListener("click", (event) => {
    theme = (theme + 1) % themes.length;
    if (themes[theme][0]) root.dataset.theme = themes[theme][0];
    else delete root.dataset.theme;
    event.currentTarget.textContent = `Theme: ${themes[theme][1]}`;
  });

  // Columns and details that can be hidden; a phone has no room for intervals.
  byId("intervals").checked = !matchMedia("(max-width: 40rem)").matches;
  root.classList.toggle("no-intervals", !byId("intervals").checked);
  for (const name of ["intervals", "published"]) {
    byId(name).addEventListener("change", (event) => {
      root.classList.toggle(`no-${name}`, !event.currentTarget.checked);
    });
  }
  byId("controls").addEventListener("submit", (event) => event.preventDefault());

  // A row is of a model, or the heading of a block; a column is published or not.
  const model = (row) => row.querySelector("bdi[data-model]")?.dataset.model;
  const tables = [...document.querySelectorAll("#tables table, #leaderboard table")].filter((table) => table.querySelector("bdi[data-model]"));
  for (const table of tables) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads[0].textContent = "Model";
    const published = heads.map((head) => head.querySelector("[data-origin=published]") !== null);
    const lines = [heads, ...[...table.tBodies[0].rows].map((row) => [...row.cells])];
    for (const line of lines) line.forEach((cell, i) => cell.classList.toggle("published", published[i]));
    if (table.tHead.rows.length > 1) {
      let place = 0;
      for (const cell of table.tHead.rows[0].cells) {
        const own = published.slice(place, place + cell.colSpan);
        cell.classList.toggle("published", own.length > 0 && own.every(Boolean));
        place += cell.colSpan;
      }
    }
    let only = false;
    for (const row of table.tBodies[0].rows) {
      if (!model(row)) only = row.nextElementSibling !== null && (model(row.nextElementSibling) || "").startsWith("published:");
      row.classList.toggle("only-published", only);
      row.classList.toggle("heading", !model(row));
    }
  }

  // Filter by names or parts of names, separated by commas.
  const filter = byId("filter");
  const show = () => {
    const wanted = filter.value.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
    const names = new Set();
    for (const table of tables) {
      let heading = null;
      for (const row of table.tBodies[0].rows) {
        if (!model(row)) {
          heading = row;
          row.hidden = wanted.length > 0;
          continue;
        }
        const text = `${model(row)} ${row.cells[0].textContent}`.toLowerCase();
        row.hidden = wanted.length > 0 && !wanted.some((word) => text.includes(word));
        if (!row.hidden) {
          names.add(model(row));
          if (heading) heading.hidden = false;
        }
      }
    }
    byId("found").textContent = !wanted.length ? "" : names.size ? `${names.size} shown` : "No model has such a name.";
  };
  filter.addEventListener("input", show);

  // Sort: best first, reversed, as it was. Numbers of models that may have seen the texts come after the clean ones,
  // what has no number after them, the noise ceiling last.
  const value = (row, index) => {
    const cell = row.cells[index];
    if (model(row) === "ceiling") return [3, 0];
    if (index === 0) return [0, cell.textContent];
    const number = parseFloat(cell.textContent);
    return [Number.isNaN(number) ? 2 : cell.querySelector(".seen") ? 1 : 0, number];
  };
  const compare = ([kind, one], [other, two], sign) => {
    if (kind !== other) return kind - other;
    if (kind > 1) return 0;
    return sign * (typeof one === "string" ? one.localeCompare(two) : one - two);
  };
  for (const table of tables) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const body = table.tBodies[0];
    const places = [...body.rows];
    const sort = (index, direction) => {
      heads.forEach((head, i) => {
        if (i === index && direction) head.setAttribute("aria-sort", direction);
        else head.removeAttribute("aria-sort");
      });
      body.append(...places);
      body.classList.toggle("sorted", Boolean(direction));
      if (!direction) return;
      const sign = direction === "ascending" ? 1 : -1;
      const keyed = places.filter(model).map((row) => [value(row, index), row]);
      keyed.sort((a, b) => compare(a[0], b[0], sign));
      body.append(...keyed.map(([, row]) => row));
    };
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const first = index === 0 ? "ascending" : "descending";
        const second = index === 0 ? "descending" : "ascending";
        sort(index, now === null ? first : now === first ? second : "");
      });
    });
  }

  // On a phone a figure is as wide as the page; a click shows it in full size.
  for (const picture of document.querySelectorAll("figure img")) {
    picture.addEventListener("click", () => picture.classList.toggle("large"));
  }
})();
