// Sorts, filters and pages what stands in the lists of the page, and opens what is folded for print; without this script
// all of the lists is shown.
"use strict";
(() => {
  const PAGE = 100;

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Numbers by size, words by the numbers in them, empty cells last whichever way.
  const compare = (a, b, sign) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const order = typeof a === "number" && typeof b === "number"
      ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return sign * order;
  };

  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };

  const list = (host) => {
    const body = host.querySelector("[data-items]") ?? host.querySelector("tbody");
    const items = [...body.children];
    const status = make("span", { role: "status" });
    const filter = make("input", { type: "search" });
    let page = 0;

    const show = () => {
      const wanted = filter.value.trim().toLowerCase();
      const found = items.filter((item) => !(item.hidden = !item.textContent.toLowerCase().includes(wanted)));
      const pages = Math.max(1, Math.ceil(found.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      found.forEach((item, i) => item.classList.toggle("off-page", Math.floor(i / PAGE) !== page));
      status.textContent = `${found.length} of ${items.length}` + (pages > 1 ? `, page ${page + 1} of ${pages}` : "");
      [back.disabled, forth.disabled] = [page === 0, page === pages - 1];
      back.hidden = forth.hidden = items.length <= PAGE;
    };
    const turn = (by) => () => { page += by; show(); };
    const back = make("button", { type: "button", onclick: turn(-1) }, "Previous");
    const forth = make("button", { type: "button", onclick: turn(1) }, "Next");
    filter.oninput = () => { page = 0; show(); };
    host.prepend(make("div", { className: "tools" }, make("label", {}, "Filter ", filter), status, back, forth));

    const sort = (head, column) => () => {
      const sign = head.ariaSort === "ascending" ? -1 : 1;
      for (const other of head.parentElement.children) other.ariaSort = null;
      head.ariaSort = sign > 0 ? "ascending" : "descending";
      items.sort((a, b) => compare(value(a, column), value(b, column), sign));
      body.append(...items);
      page = 0;
      show();
    };
    host.querySelectorAll("thead th").forEach((head, column) => {
      if (body.tagName !== "TBODY") return;
      const button = make("button", { type: "button", onclick: sort(head, column) }, ...head.childNodes);
      head.append(button);
    });

    // A link to an item turns to the page it is on.
    const reveal = () => {
      const item = items.find((item) => item.id && `#${item.id}` === location.hash);
      if (!item) return;
      filter.value = "";
      page = Math.floor(items.indexOf(item) / PAGE);
      show();
      item.scrollIntoView();
    };
    addEventListener("hashchange", reveal);
    show();
    reveal();
  };

  document.querySelectorAll("[data-list]").forEach(list);

  // Paper cannot be unfolded: what was closed is open while the page is printed.
  let folded = [];
  addEventListener("beforeprint", () => {
    const closed = document.querySelectorAll("details:not([open])");
    for (const details of closed) details.open = true;
    folded.push(...closed);
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
    folded = [];
  });
})();
