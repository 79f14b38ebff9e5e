// What the theme leaves to be done for people who use a keyboard or a screen reader; it makes parts late.
const landmarks = () => {
  document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])").forEach((wrap) => { wrap.tabIndex = 0; });
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((nav, at) => {
    nav.setAttribute("aria-label", `Code ${nav.closest("[id]")?.id ?? at}`);
  });
  document.querySelectorAll("nav[aria-label]:not([data-named])").forEach((nav, at) => {
    nav.dataset.named = "";
    if (!nav.matches(".md-code__nav")) nav.setAttribute("aria-label", `${nav.getAttribute("aria-label")} ${at + 1}`);
  });
};
new MutationObserver(landmarks).observe(document.body, { childList: true, subtree: true });
landmarks();
