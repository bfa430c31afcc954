// Put into a copy of the report by tests/report.rs: uses the page as a person would and writes down what it found.
"use strict";
(async () => {
  const faults = [];
  const expect = (true_, what) => { if (!true_) faults.push(what); };

  // Contrast of all text by WCAG 2, against the nearest ground that is painted.
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = ({ rgb }) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return parse(matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)");
  };
  const contrast = (element) => {
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const [high, low] = [light(ink), light(ground(element))].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, title") || !element.getClientRects().length) continue;
    texts += 1;
    const found = contrast(element);
    expect(found >= 4.5, `contrast ${found.toFixed(2)} of "${node.data.trim().slice(0, 40)}"`);
  }
  expect(texts > 200, `only ${texts} texts`);

  // Pictures are there.
  const pictures = [...document.querySelectorAll("img")];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => faults.push(`no picture: ${picture.alt}`))));
  expect(pictures.every((picture) => picture.alt && picture.naturalWidth === 320), "pictures are 320 pixels wide and described");
  expect(document.querySelectorAll("svg[role=img] > title").length === document.querySelectorAll("svg").length, "plots are named");

  // Nothing stands out of the window: wide tables scroll by themselves.
  expect(document.documentElement.scrollWidth <= innerWidth, `page ${document.documentElement.scrollWidth} wide in ${innerWidth}`);

  // Everything that can be used has a name and can be reached.
  for (const input of document.querySelectorAll("input")) expect(input.labels.length === 1, "an input without a label");
  for (const button of document.querySelectorAll("button")) expect(button.textContent.trim() && button.tabIndex === 0, "a button without a name");
  for (const link of document.querySelectorAll("a[href^='#']")) expect(document.getElementById(link.hash.slice(1)), `nothing at ${link.hash}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  expect(new Set(ids).size === ids.length, "an id stands twice");
  const levels = [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.tagName[1]));
  expect(levels.every((level, i) => i === 0 ? level === 1 : level <= levels[i - 1] + 1), "a heading level is left out");

  // Sorting: numbers by size, empty cells last whichever way, the state said to a screen reader.
  const host = document.getElementById("patients");
  const head = (name) => [...host.querySelectorAll("thead th")].find((th) => th.textContent.trim() === name);
  const column = (name) => [...host.querySelectorAll("tbody tr")].map((row) => row.cells[head(name).cellIndex].textContent.trim());
  const sorted = (texts, sign) => {
    const numbers = texts.filter((text) => text !== "").map(Number);
    return texts.slice(numbers.length).every((text) => text === "") && numbers.every((n, i) => i === 0 || sign * (n - numbers[i - 1]) >= 0);
  };
  const name = "diameter (mm) after";
  expect(column(name).some((text) => text === ""), "a row without a diameter, to see it sorted last");
  expect(!sorted(column(name), 1), "the table is not sorted before it is asked to be");
  head(name).querySelector("button").click();
  expect(sorted(column(name), 1) && head(name).ariaSort === "ascending", "sorted upwards");
  head(name).querySelector("button").click();
  expect(sorted(column(name), -1) && head(name).ariaSort === "descending", "sorted downwards");
  head("Boriani grade after").querySelector("button").click();
  const grades = column("Boriani grade after").filter((text) => text !== "");
  expect(grades.join() === [...grades].sort().join() && head(name).ariaSort === null, "grades sorted by name");

  // Filtering, of rows and of cards.
  for (const list of [host, document.querySelector("#cards [data-list]")]) {
    const [input, status] = [list.querySelector("input"), list.querySelector("[role=status]")];
    const items = [...(list.querySelector("[data-items]") ?? list.querySelector("tbody")).children];
    const type = (text) => { input.value = text; input.dispatchEvent(new Event("input")); };
    const seen = () => items.filter((item) => item.getClientRects().length > 0).length;
    expect(items.length > 1 && seen() === Math.min(items.length, 100), "all of a page is shown");
    type("p007");
    expect(seen() === 1 && status.textContent === `1 of ${items.length}`, `one found, not ${seen()}: ${status.textContent}`);
    type("nobody");
    expect(seen() === 0 && status.textContent.startsWith("0 of"), "none found");
    type("");
    expect(seen() === Math.min(items.length, 100), "all are back");
    const [back, forth] = list.querySelectorAll(".tools button");
    if (items.length <= 100) {
      expect(back.hidden && forth.hidden, "one page has no buttons to turn it");
    } else {
      expect(back.disabled && !forth.disabled, "the first page has only a next one");
      forth.click();
      expect(seen() === Math.min(items.length - 100, 100) && status.textContent.includes("page 2 of"), "the second page");
      back.click();
    }
  }

  // A link to a card finds it whatever is filtered.
  const cards = document.querySelector("#cards [data-list]");
  const last = cards.querySelector("[data-items]").lastElementChild;
  location.hash = last.id;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(last.getClientRects().length > 0, "the last card is shown when it is linked to");

  // Print unfolds what is folded, and folds it again.
  const folded = () => document.querySelectorAll("details:not([open])").length;
  const before = folded();
  dispatchEvent(new Event("beforeprint"));
  expect(before > 0 && folded() === 0, "all is unfolded for print");
  dispatchEvent(new Event("afterprint"));
  expect(folded() === before, "folded again after print");

  expect(performance.getEntriesByType("resource").length === 0, "the page has asked for something");
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  parent.postMessage([`${innerWidth} ${scheme}`, JSON.stringify(faults)], "*");
})();
