import '../../lib/ui/base.css';
import '../skeleton.css';

import { mount } from 'svelte';

import { makeContext } from '../context.ts';
import { place } from '../place.ts';
import { speak } from '../text/index.ts';
import { keepOffline } from '../worker/register.ts';
import { takeToken } from './link.ts';
import WalletApp from './WalletApp.svelte';

// Before anything else: the token opens a wallet, and must not stay in the address or the history.
const token = takeToken();

await speak();
const target = place();
target.replaceChildren();
mount(WalletApp, { target, props: { context: makeContext(), token } });
keepOffline(['/wallet/', '/e/']);
