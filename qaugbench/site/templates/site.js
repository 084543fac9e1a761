// Filters, sorting and folding. Without this script every row is shown, in the order in which it is written.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Filters: one form per page; an item is shown where it has every value that is chosen. The choice is kept in the address.
function filterItems(form) {
  const noun = form.dataset.filters;
  const items = all(`[data-item="${noun}"]`);
  const selects = all("select", form);
  const status = form.querySelector(".status");
  const known = new URLSearchParams(location.hash.slice(1));
  for (const select of selects) {
    const wanted = known.get(select.name);
    if (wanted !== null && [...select.options].some((option) => option.value === wanted)) select.value = wanted;
  }
  const apply = () => {
    for (const item of items) {
      item.hidden = !selects.every((one) => !one.value || (item.dataset[one.name] || "").split("|").includes(one.value));
    }
    const shown = items.filter((item) => !item.hidden).length;
    status.textContent = `${shown} of ${items.length} ${items.length === 1 ? noun : noun + "s"} shown`;
    const chosen = new URLSearchParams(selects.filter((one) => one.value).map((one) => [one.name, one.value])).toString();
    for (const link of all("a.carry")) link.hash = chosen;
    return chosen;
  };
  form.addEventListener("change", () => history.replaceState(null, "", `#${apply()}`));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}

// Sorting: a button in each heading that says how it sorts. A generator takes its controls with it; missing values come last.
function makeSortable(table) {
  const headings = all("thead th", table);
  const columns = headings.filter((heading) => heading.dataset.sort);
  for (const heading of columns) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const first = "descending" in heading.dataset ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const way = heading.getAttribute("aria-sort") === first ? other : first;
      for (const one of columns) one.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", way);
      sortRows(table, headings.indexOf(heading), heading.dataset.sort === "number", way === "descending" ? -1 : 1);
    });
  }
}

function sortRows(table, column, numeric, way) {
  const value = (body) => body.rows[0].cells[column].dataset.value || "";
  const bodies = [...table.tBodies];
  bodies.sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return way * (numeric ? Number(a) - Number(b) : a.localeCompare(b));
  });
  table.append(...bodies);
}

// Controls are folded under their generator.
function fold(button, open) {
  button.setAttribute("aria-expanded", String(open));
  for (const row of all("tr.control", button.closest("tbody"))) row.hidden = !open;
}

for (const form of all("form[data-filters]")) filterItems(form);
for (const table of all("table.rows")) makeSortable(table);
for (const button of all(".fold")) {
  button.hidden = false;
  button.addEventListener("click", () => fold(button, button.getAttribute("aria-expanded") !== "true"));
  fold(button, false);
}
for (const button of all("[data-fold-all]")) {
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(open));
    for (const one of all(".fold")) fold(one, open);
  });
}
