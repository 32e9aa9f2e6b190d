#!/bin/sh
# Makes Rasa's environment in the folder given: Python 3.10 from PATH, pyenv or uv, the locked packages without their
# own dependencies (that is how TensorFlow stays out), and the line that loads the import stub.
set -eu
folder=$1
root=$(cd "$(dirname "$0")/.." && pwd)

find_python() {
  for name in "${PYTHON310:-}" python3.10; do
    path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null && { echo "$path"; return; }
  done
  for path in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin/python3.10; do
    [ -x "$path" ] && { echo "$path"; return; }
  done
  command -v uv >/dev/null 2>&1 && uv python find 3.10 2>/dev/null && return
  return 1
}

if [ ! -x "$folder/bin/python" ]; then
  if ! python=$(find_python); then
    echo "对话引擎要用 Python 3.10，没有找到。请用 pyenv install 3.10 或 uv python install 3.10 装一个，" >&2
    echo "或者用 PYTHON310=/路径/python3.10 指明它在哪里，再运行一次。" >&2
    echo "Python 3.10 is needed for the dialogue engine and was not found on PATH, in pyenv or through uv. Install it" >&2
    echo "(pyenv install 3.10, or uv python install 3.10), or name it with PYTHON310=/path/to/python3.10, and try again." >&2
    exit 1
  fi
  echo "[yinfawen] 建立对话引擎环境 / making the dialogue environment"
  "$python" -m venv "$folder"
fi
echo "[yinfawen] 安装对话引擎，第一次要一两分钟 / installing the dialogue engine, a minute or two the first time"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$root/requirements/rasa.txt"
site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
printf '%s\nimport bot.dialogue.without_tensorflow\n' "$root" >"$site/yinfawen.pth"
