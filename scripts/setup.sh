#!/usr/bin/env bash
# Make .venv with everything that the product, its demo and its tests need. A second call returns at once.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
STAMP="$VENV/.shapelab-ready"
SYSTEM_PACKAGES="libdbus-1-3 libegl1 libfontconfig1 libgl1 libgl1-mesa-dri libglib2.0-0 libopengl0 libxcb-cursor0 libxcb-icccm4
 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 xvfb"

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11, 3.12 or 3.13 is needed and was not found; set PYTHON=/path/to/python."
    exit 1
}

apt_install() { # PURPOSE PACKAGES…: as root with apt, install; otherwise say the exact command
    local purpose=$1
    shift
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing system packages for $purpose: $*"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "System packages are missing for $purpose. Please run once:"
        say "    sudo apt-get install -y $*"
        say "(on a system without apt: the packages of the same libraries), then call make again."
        exit 1
    fi
}

missing_system_packages() { # prints 1 if a library that Qt or OpenGL loads, or the virtual screen, is absent
    [ "$(uname -s)" = Linux ] || return 0
    local library
    command -v Xvfb >/dev/null 2>&1 || { echo 1; return; }
    local cache
    cache=$(/sbin/ldconfig -p 2>/dev/null || ldconfig -p)
    for library in libEGL.so.1 libGL.so.1 libOpenGL.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 \
        libxcb-shape.so.0 libxcb-xkb.so.1 libxkbcommon-x11.so.0 libdbus-1.so.3 libfontconfig.so.1 libglib-2.0.so.0; do
        case "$cache" in *"$library"*) ;; *) echo 1; return ;; esac
    done
}

make_venv() { # PYTHON
    "$1" -m venv "$VENV" >/dev/null 2>&1 && return
    rm -rf "$VENV"
    apt_install "Python's virtual environments" python3-venv
    "$1" -m venv "$VENV"
}

fingerprint() { cat pyproject.toml constraints.txt scripts/setup.sh | cksum; }

if [ -n "$(missing_system_packages)" ]; then
    # shellcheck disable=SC2086
    apt_install "Qt, OpenGL and a virtual screen" $SYSTEM_PACKAGES
fi
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(fingerprint)" ] && "$VENV/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
python=$(find_python)
[ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c '' 2>/dev/null || make_venv "$python"
say "Setting up $VENV (once; this takes a few minutes)…"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
fingerprint >"$STAMP"
say "Ready."
