// Ends a Node process as soon as its parent has ended, as lifetime.py does for Python.
"use strict";

const parent = process.ppid;
setInterval(() => {
    if (process.ppid !== parent) {
        process.kill(process.pid, "SIGKILL");
    }
}, 250).unref();
