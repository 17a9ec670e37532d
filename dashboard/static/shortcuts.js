// Which key does what. How keys are heard is keyboard.js; how they are explained is help.js.

import { openHelp } from './help.js';
import { STATES } from './machine.js';

export function bindKeys({ keyboard, address, fleetView, detail, theme }) {
  const { grid, toolbar } = fleetView;
  const inFleet = (action) => () => (address.view.machine ? false : action());
  const inDetail = (action) => () => (address.view.machine ? action() : false);
  /** Paging keys scroll the page unless a card has the focus. */
  const onCard = (action) => inFleet(() => (grid.list.contains(document.activeElement) ? action() : false));

  keyboard
    .on('?', () => openHelp(keyboard))
    .on('t', () => theme.next())
    .on('Escape', () => {
      if (address.view.machine) address.close();
      else if (address.view.search) {
        toolbar.search.value = '';
        address.go({ search: '' });
      } else return false;
      return true;
    })
    .on(
      '/',
      inFleet(() => toolbar.search.select()),
    )
    .on(
      'ArrowRight l',
      inFleet(() => grid.step(1)),
    )
    .on(
      'ArrowLeft h',
      inFleet(() => grid.step(-1)),
    )
    .on(
      'ArrowDown j',
      inFleet(() => grid.step(grid.columns)),
    )
    .on(
      'ArrowUp k',
      inFleet(() => grid.step(-grid.columns)),
    )
    .on(
      'PageDown',
      onCard(() => grid.step(grid.page)),
    )
    .on(
      'PageUp',
      onCard(() => grid.step(-grid.page)),
    )
    .on(
      'Home',
      onCard(() => grid.focus(0)),
    )
    .on(
      'End',
      onCard(() => grid.focus(grid.order.length - 1)),
    )
    .on(
      '[',
      inDetail(() => detail.onStep(-1)),
    )
    .on(
      ']',
      inDetail(() => detail.onStep(1)),
    )
    .on(
      'p',
      inDetail(() => detail.togglePause()),
    )
    .on(
      '+ =',
      inDetail(() => detail.zoom(0.5)),
    )
    .on(
      '- −',
      inDetail(() => detail.zoom(2)),
    )
    .on(
      '0',
      inDetail(() => detail.times.reset()),
    )
    .on(
      'e',
      inDetail(() => detail.editSettings()),
    );
  ['all', ...STATES].forEach((state, index) =>
    keyboard.on(
      String(index + 1),
      inFleet(() => address.go({ state })),
    ),
  );
}
