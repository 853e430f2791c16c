// Comfort only: every page works without this file.
(() => {
  'use strict';
  const all = (selector) => document.querySelectorAll(selector);

  // Show password.
  for (const button of all('.box .reveal')) {
    const input = button.parentNode.querySelector('input');
    const show = [button.textContent, button.ariaLabel];
    const hide = [button.dataset.hide, button.dataset.hideLabel];
    const turn = (visible) => {
      input.type = visible ? 'text' : 'password';
      [button.textContent, button.ariaLabel] = visible ? hide : show;
    };
    button.hidden = false;
    button.addEventListener('click', () => {
      turn(input.type === 'password');
      input.focus();
    });
    input.form.addEventListener('submit', () => turn(false));
  }

  // Caps lock, beside the label so that nothing moves.
  const caps = document.getElementById('caps');
  if (caps) {
    const look = (event) => {
      if (event.getModifierState && event.target.autocomplete?.endsWith('password')) {
        caps.textContent = event.getModifierState('CapsLock') ? caps.dataset.caps : '';
      }
    };
    addEventListener('keydown', look);
    addEventListener('keyup', look);
  }

  // Password rules tick while typing. The rules are checked again where it counts.
  const list = document.querySelector('.rules ul');
  if (list) {
    const input = document.getElementById('new_password');
    const kept = {
      length: (value, li) => [...value].length >= Number(li.dataset.min),
      lower: (value) => /[a-z]/.test(value),
      upper: (value) => /[A-Z]/.test(value),
      digit: (value) => /[0-9]/.test(value),
      symbol: (value) => /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]|\S \S/.test(value),
    };
    input.addEventListener('input', () => {
      for (const li of list.children) {
        const ok = kept[li.dataset.rule](input.value, li);
        li.className = ok ? 'kept' : '';
        li.querySelector('.unseen').textContent = ok ? ` (${list.dataset.kept})` : '';
      }
    });
  }

  // A pasted code may hold spaces and dashes.
  for (const input of all('[data-digits]')) {
    input.addEventListener('paste', (event) => {
      const code = event.clipboardData.getData('text').replace(/\D/g, '').slice(0, Number(input.dataset.digits));
      if (code) {
        event.preventDefault();
        input.value = code;
      }
    });
  }

  // Another code may be asked for after a while.
  for (const button of all('[data-wait]')) {
    const text = button.textContent;
    const until = Date.now() + button.dataset.wait * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? button.dataset.text.replace(button.dataset.wait, left) : text;
      if (left > 0) setTimeout(tick, 250);
    };
    tick();
  }

  // The help desk code, or a whole field, to the clipboard.
  if (navigator.clipboard) {
    for (const button of all('[data-copy],[data-copy-of]')) {
      button.hidden = false;
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(button.dataset.copy ?? document.getElementById(button.dataset.copyOf).value);
        button.textContent = button.dataset.done;
      });
    }
  }

  // On the way to a provider, and against sending a form twice. After a while, or
  // back on the page, everything can be pressed again.
  const rest = () => {
    for (const element of all('[aria-busy]')) element.ariaBusy = null;
    for (const form of all('form')) delete form.dataset.sent;
  };
  const busy = (element) => {
    if (element) element.ariaBusy = 'true';
    setTimeout(rest, 8000);
  };
  addEventListener('pageshow', rest);
  for (const link of all('a[data-busy]')) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      busy(link);
    });
  }
  for (const form of all('form')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'yes';
      busy(event.submitter);
    });
  }

  // A form that only carries the person on, unless they came back to it.
  const carry = document.querySelector('form[data-submit]');
  if (carry && performance.getEntriesByType('navigation')[0]?.type !== 'back_forward') {
    carry.requestSubmit(carry.querySelector('button'));
  }

  // Onward when every frame has loaded, or after a while. This page is left out of
  // the history, for nobody wants to come back to it.
  const onward = document.querySelector('a[data-go]');
  if (onward) {
    const go = () => location.replace(onward.href);
    all('iframe').forEach((frame, i) => {
      frame.addEventListener('load', () => {
        const row = all('.names li')[i];
        row.classList.add('asked');
        row.lastElementChild.textContent = onward.dataset.asked;
      });
    });
    setTimeout(go, onward.dataset.go * 1000);
    addEventListener('load', go);
  }
})();
