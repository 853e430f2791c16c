// A sign-in, drawn from the documents of the hub's interaction API. Whatever came
// from elsewhere is put on the page as text.
(() => {
  'use strict';
  const hub = document.querySelector('meta[name=hub]').content;
  const place = document.getElementById('step');
  let interaction = '';

  // ask calls the API with the browser's cookies and shows what it answers.
  const ask = async (path, body) => {
    const request = { credentials: 'include', cache: 'no-store' };
    if (body) {
      Object.assign(request, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    }
    let doc;
    try {
      doc = await (await fetch(hub + path, request)).json();
    } catch {
      doc = { title: 'No answer', error: {}, text: 'The sign-in service cannot be reached. Look at your connection and try again.' };
    }
    if (!doc.step) doc = { title: doc.title || 'Sign-in stopped', text: doc.text || doc.error?.text, step: 'stopped', error: {} };
    show(doc);
  };
  const take = (step, body) => ask(`/interaction/${encodeURIComponent(interaction)}/${step}`, body ?? {});

  // node makes an element: attributes, event handlers, and children or text.
  const node = (name, attributes, ...children) => {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (typeof value === 'function') e.addEventListener(key, value);
      else if (value !== undefined && value !== false && value !== '') e.setAttribute(key, value === true ? '' : value);
    }
    e.append(...children.filter((c) => c !== undefined && c !== null && c !== false));
    return e;
  };

  const busy = (button) => {
    button?.setAttribute('aria-busy', 'true');
    for (const b of place.querySelectorAll('button')) b.disabled = true;
  };
  const act = (label, run, strong) => node('button', { type: 'button', class: strong ? 'button strong' : 'button', click: (e) => { busy(e.currentTarget); run(); } }, label);

  const problems = (doc) => doc.problems && node('div', { class: 'problem', role: 'alert', id: 'problem', tabindex: '-1' },
    ...doc.problems.map((p) => node('p', {}, node('a', { href: '#' + p.field, click: (e) => { e.preventDefault(); document.getElementById(p.field)?.focus(); } }, p.text))));

  const field = (doc, f) => {
    const wrong = doc.problems?.some((p) => p.field === f.name);
    const input = node(f.type === 'textarea' ? 'textarea' : 'input', {
      id: f.name, name: f.name, type: f.type === 'textarea' ? undefined : f.type, inputmode: f.inputmode,
      autocomplete: f.autocomplete, required: f.required, minlength: f.minlength, maxlength: f.maxlength,
      autocapitalize: f.plain && 'none', spellcheck: f.plain && 'false',
      'aria-invalid': wrong && 'true', 'aria-describedby': wrong && 'problem',
    });
    if (f.type === 'checkbox') {
      Object.assign(input, { value: 'true', checked: f.value === 'true' });
      return node('div', { class: 'check' }, input, node('label', { for: f.name }, f.label));
    }
    input.value = f.value ?? '';
    return node('div', {}, node('label', { for: f.name }, f.label), input);
  };

  const form = (submit, send, ...parts) => node('form', {
    submit: (e) => {
      e.preventDefault();
      const values = Object.fromEntries(new FormData(e.currentTarget));
      busy(e.submitter);
      send(values);
    },
  }, ...parts.filter(Boolean), node('button', { class: 'button strong', type: 'submit' }, submit));

  const steps = {
    choose: (doc) => [
      doc.providers && node('ul', { class: 'ways' }, ...doc.providers.map((p) => node('li', {},
        node('a', { class: 'button', href: p.start }, node('span', {}, p.label,
          p.unreachable && node('span', { class: 'note' }, 'did not answer lately'),
          p.last_used && node('span', { class: 'note' }, 'last used here')))))),
      doc.providers && doc.password && node('p', { class: 'or' }, 'or'),
      doc.password && form(doc.password.submit,
        (values) => (doc.password.ask === 'address' ? take('address', { address: values.username }) : take('password', values)),
        field(doc, { name: 'username', label: doc.password.username_label, type: 'text', autocomplete: 'username', required: true, plain: true, value: doc.password.username }),
        doc.password.ask !== 'address' && field(doc, { name: 'password', label: doc.password.password_label, type: 'password', autocomplete: 'current-password', required: true })),
    ],
    account: (doc) => [
      node('p', { class: 'who' }, node('b', {}, doc.account.name), doc.account.address),
      act('Continue', () => take('continue'), true),
      act('Use another account', () => take('other')),
    ],
    new_password: (doc) => [
      form('Set the password', (values) => take('new-password', { new_password: values.new_password }),
        field(doc, { name: 'new_password', label: doc.new_password.label, type: 'password', autocomplete: 'new-password', required: true }),
        node('ul', { class: 'rules' }, ...doc.new_password.rules.map((r) => node('li', { class: r.broken && 'broken' }, r.text)))),
    ],
    profile: (doc) => [form('Save and go on', (values) => take('profile', { fields: values }), ...doc.fields.map((f) => field(doc, f)))],
    join: (doc) => [
      doc.providers && node('ul', { class: 'ways' }, ...doc.providers.map((p) => node('li', {}, node('a', { class: 'button', href: p.start }, p.label)))),
      doc.password && form(doc.password.submit, (values) => take('join', { password: values.password }),
        field(doc, { name: 'password', label: doc.password.password_label, type: 'password', autocomplete: 'current-password', required: true })),
      doc.join.apart && act(doc.join.apart, () => take('join', { choice: 'apart' })),
      doc.join.claim_text && node('p', { class: 'small' }, doc.join.claim_text),
      doc.join.claim && act(doc.join.claim, () => take('join', { choice: 'claim' })),
    ],
    stopped: (doc) => [
      doc.error.id && node('p', { class: 'code' }, node('small', {}, 'Help desk code'), doc.error.id),
      doc.error.advice && node('p', { class: 'small' }, doc.error.advice),
      interaction && doc.error.reason !== 'expired' && doc.error.reason !== 'other-browser'
        ? act('Choose again', () => ask('/interaction/' + encodeURIComponent(interaction)), true)
        : doc.error.retry && node('a', { class: 'button strong', href: doc.error.retry }, 'Start again'),
    ],
  };

  const show = (doc) => {
    if (doc.interaction) {
      interaction = doc.interaction;
      if (doc.step !== 'done' && doc.step !== 'redirect') history.replaceState(null, '', '/?interaction=' + encodeURIComponent(interaction));
    }
    if (doc.redirect_to) {
      location.assign(doc.redirect_to);
      return;
    }
    const client = doc.client?.name;
    const brand = doc.brand;
    if (doc.language) document.documentElement.lang = doc.language;
    if (doc.direction) document.documentElement.dir = doc.direction;
    document.title = (doc.problems ? 'Problem: ' : '') + doc.title + (brand?.name ? ' · ' + brand.name : '');
    const heading = node('h1', { tabindex: '-1' }, doc.title);
    place.replaceChildren(...[
      brand?.name && node('p', { class: 'brand' }, brand.logo && node('img', { src: brand.logo, alt: '' }), brand.name),
      heading,
      doc.text && node('p', { class: 'lead' }, doc.text),
      problems(doc),
      ...(steps[doc.step] ?? steps.stopped)(doc),
      doc.cancel && node('p', {}, node('button', { class: 'link', type: 'button', click: (e) => { busy(e.currentTarget); take('cancel'); } }, `Back to ${client}`)),
      brand && (brand.terms || brand.privacy || brand.help) && node('footer', {},
        ...['terms', 'privacy', 'help'].filter((k) => brand[k]).map((k) => node('a', { href: brand[k] }, k[0].toUpperCase() + k.slice(1)))),
    ].filter(Boolean));
    const next = doc.password?.ask === 'password' && document.getElementById('password');
    (document.getElementById('problem') ?? (next || heading)).focus();
  };

  const query = new URLSearchParams(location.search);
  interaction = query.get('interaction') ?? '';
  if (query.has('error_id')) ask('/interaction/error/' + encodeURIComponent(query.get('error_id')));
  else if (interaction) ask('/interaction/' + encodeURIComponent(interaction));
  else show({ step: 'stopped', title: 'Nothing to sign in to', text: 'Open an app and sign in from there.', error: {} });

  // Back from elsewhere, a page that was kept is not where the sign-in stands.
  addEventListener('pageshow', (e) => { if (e.persisted && interaction) ask('/interaction/' + encodeURIComponent(interaction)); });
})();
