"""Variables with paths that the script which starts a language host sets for it."""

from __future__ import annotations

# The script of Pulumi's SDK that runs Python programs; the build of the engine copies it.
EXEC_SCRIPT = "MTASTS_LANGUAGE_EXEC"
# The command that generates SDKs (`engine_module/generate_sdk`), set by `mtasts local languages`.
GENERATOR = "MTASTS_SDK_GENERATOR"
