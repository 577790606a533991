import '../../lib/ui/base.css';
import '../skeleton.css';

import { mount } from 'svelte';

import { folded } from '../../lib/codes/codes.ts';
import { makeContext } from '../context.ts';
import { lastPart, place } from '../place.ts';
import { speak } from '../text/index.ts';
import { words } from '../text/sheets/index.ts';
import { keepOffline } from '../worker/register.ts';
import VoucherApp from './VoucherApp.svelte';

const context = makeContext();
const code = folded(lastPart());
const isMine = context.wallets.withCode(code) !== null;
// What is mine is shown at once; of others the hub is asked first.
const asked = isMine
  ? null
  : context.desk.voucher(code).then(
      (voucher) => ({ voucher, at: context.time.now() }),
      (error: unknown) => ({ error }),
    );

await speak();
const waiting = document.querySelector('[data-words]');
if (waiting !== null) waiting.textContent = words.code.loading;
const found = await asked;
const target = place();
target.replaceChildren();
mount(VoucherApp, { target, props: { context, code, found } });
keepOffline(['/v/', '/V/', '/wallet/', '/e/']);
