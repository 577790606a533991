import { text } from '../text/index.ts';

/** As short as the hub takes a new password. */
export const LEAST_PASSWORD = 10;

/** What can be told before the hub is asked, by field. `isNew`: the password is being chosen. */
export function checkAccount(
  fields: Readonly<Record<string, string>>,
  isNew: boolean,
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value.trim() === '') errors[name] = text.common.required;
    else if (name === 'email' && !/^\S+@\S+$/.test(value.trim()))
      errors[name] = text.account.badEmail;
    else if (name === 'password' && isNew && value.length < LEAST_PASSWORD)
      errors[name] = text.account.tooShort(LEAST_PASSWORD);
  }
  return errors;
}
