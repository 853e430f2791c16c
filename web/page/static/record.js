// Follows a sign-out that is under way. Without this file the page is loaded anew.
(() => {
  'use strict';
  let blocked = false;
  let wait = 0;
  const last = new Map();
  addEventListener('securitypolicyviolation', () => { blocked = true; });

  // What changed is put in the place of what was; what was unfolded stays so, and
  // the focus stays where it was.
  const swap = (part, fresh) => {
    if (last.get(part.id) === fresh.outerHTML) return;
    last.set(part.id, fresh.outerHTML);
    for (const box of part.querySelectorAll('details')) {
      const same = fresh.querySelector(`details[id="${box.id}"]`);
      if (same) same.open = box.open;
    }
    const focus = part.contains(document.activeElement) && document.activeElement;
    const mine = (element) => element.tagName === focus.tagName && element.href === focus.href && element.parentNode.id === focus.parentNode.id;
    part.replaceChildren(...fresh.childNodes);
    if (focus) [...part.querySelectorAll('a,summary')].find(mine)?.focus({preventScroll: true});
  };

  const look = async () => {
    if (document.hidden) return later();
    try {
      const answer = await fetch(location.href, {cache: 'no-store'});
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const part of document.querySelectorAll('[data-live]')) {
          const other = fresh.getElementById(part.id);
          if (!other) return;
          if (part.dataset.follow) wait = Number(other.dataset.follow);
          swap(part, other);
        }
        document.title = fresh.title;
        if (!wait) return;
      } else if (answer.status < 500) return;
    } catch {
      // The event that tells of the policy comes after the failure.
      await new Promise((done) => { setTimeout(done, 0); });
      if (blocked) return location.reload();
    }
    later();
  };
  const later = () => setTimeout(look, wait * 1000);

  const page = document.querySelector('[data-follow]');
  if (page) {
    wait = Number(page.dataset.follow);
    for (const part of document.querySelectorAll('[data-live]')) last.set(part.id, part.outerHTML);
    later();
  }
})();
