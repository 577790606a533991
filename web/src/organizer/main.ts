import '../lib/ui/base.css';

import { mount } from 'svelte';

import { Session } from '../lib/api/session.ts';
import App from './App.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no place for the app');
mount(App, { target, props: { session: new Session() } });
