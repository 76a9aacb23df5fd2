/* The numbers under the pointer, or under the arrow keys. The page is whole without this. */
'use strict';
for (const chart of document.querySelectorAll('svg[data-reading]')) {
  const rows = JSON.parse(chart.dataset.reading);
  if (!rows.length) continue;
  const cursor = chart.querySelector('.cursor');
  const box = document.createElement('div');
  box.className = 'reading';
  box.hidden = true;
  chart.parentElement.append(box);
  let at = rows.length - 1;

  const show = (place) => {
    at = Math.min(Math.max(place, 0), rows.length - 1);
    const [x, where, values] = rows[at];
    const width = chart.viewBox.baseVal.width;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    cursor.classList.add('on');
    box.replaceChildren(line('b', where), ...values.map(([name, value]) => line('span', `${name} ${value}`)));
    box.hidden = false;
    const share = x / width;
    const left = share * chart.clientWidth;
    box.style.left = `${share > 0.6 ? left - box.offsetWidth - 10 : left + 10}px`;
  };
  const hide = () => {
    cursor.classList.remove('on');
    box.hidden = true;
  };
  const line = (kind, text) => {
    const element = document.createElement(kind);
    element.textContent = text;
    return element;
  };
  chart.addEventListener('pointermove', (event) => {
    const bounds = chart.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * chart.viewBox.baseVal.width;
    let nearest = 0;
    rows.forEach((row, place) => {
      if (Math.abs(row[0] - x) < Math.abs(rows[nearest][0] - x)) nearest = place;
    });
    show(nearest);
  });
  chart.addEventListener('pointerleave', hide);
  chart.addEventListener('blur', hide);
  chart.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      show(box.hidden ? at : at + step);
      event.preventDefault();
    }
    if (event.key === 'Escape') hide();
  });
}
