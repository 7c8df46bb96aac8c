"""Every check as a row of one table, a module a subject; `mtasts.check.checks` has all of them."""
