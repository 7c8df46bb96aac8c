"""Variables by which the script that starts a language host tells it where things lie."""

from __future__ import annotations

# The SDK's script that runs Python programs; it comes with a built engine.
EXEC_SCRIPT = "MTASTS_LANGUAGE_EXEC"
# The command that writes SDKs (`engine_module/generate_sdk`); only once it has been asked for.
GENERATOR = "MTASTS_SDK_GENERATOR"
