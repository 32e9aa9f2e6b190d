# 殷法问: two commands do everything: `make run` and `make test`. Each step is skipped when nothing it depends on changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
RASA := .venv-rasa
PY := $(VENV)/bin/python
export OMP_NUM_THREADS ?= 1
# Long lines of Rasa's and torch's start-up stay out of the way of what we say ourselves.
export TOKENIZERS_PARALLELISM := false

WIDGET := bot/widget
DESK := bot/desk

.PHONY: run test setup shell doctor widget desk lint clean help

help:
	@echo "make run    准备环境，启动服务，打印网址 / set up, start, print the address"
	@echo "make test   准备环境，运行全部测试 / set up and run all tests"
	@echo "make shell  在终端里和机器人对话（先 make run）/ talk to the running bot in a terminal"
	@echo "make doctor 检查这台机器上的安装，说该怎么办 / check this installation and say what to do"
	@echo "make widget 只构建网页组件（node）/ build the web component only (node)"
	@echo "make desk   只准备坐席台的 htmx（npm）/ fetch the desk's htmx only (npm)"
	@echo "make lint   ruff, mypy, import rules, tsc"
	@echo "make clean  删除环境和运行数据 / remove environments and run-time data"

run: $(VENV)/.service $(RASA)/.installed $(WIDGET)/dist/widget.js $(DESK)/dist/htmx.js
	@exec $(PY) -m bot run

setup: $(VENV)/.service $(RASA)/.installed $(WIDGET)/dist/widget.js $(DESK)/dist/htmx.js

test: $(VENV)/.dev $(RASA)/.installed $(WIDGET)/dist/widget.js $(DESK)/dist/htmx.js
	@echo "[yinfawen] 检查代码 / checking the code"
	@$(MAKE) --no-print-directory lint
	@echo "[yinfawen] 运行测试 / running the tests"
	@cd $(WIDGET) && npm test --silent
	@YINFAWEN_RASA_PYTHON=$(CURDIR)/$(RASA)/bin/python $(PY) -m pytest

shell: $(VENV)/.service
	@$(PY) -m bot shell

doctor: $(VENV)/.service
	@$(PY) -m bot doctor

lint: $(VENV)/.dev $(WIDGET)/node_modules/.installed
	@$(VENV)/bin/ruff check -q . && $(VENV)/bin/ruff format -q --check .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/lint-imports >/dev/null || { $(VENV)/bin/lint-imports; exit 1; }
	@cd $(WIDGET) && npm run --silent check

# The service's environment: plain pip, because torch is pinned to a build that needs no GPU (docs/decisions/0001).
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "需要 Python 3.11 或更新的版本 / Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11)"; exit 1; }
	@echo "[yinfawen] 建立服务环境 / making the service environment"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.service: requirements/service.txt pyproject.toml | $(VENV)/bin/python
	@echo "[yinfawen] 安装服务依赖，第一次要几分钟 / installing the service, minutes the first time"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -c requirements/service.txt -e '.[service]'
	@touch $@

$(VENV)/.dev: $(VENV)/.service
	@echo "[yinfawen] 安装测试工具 / installing the test tools"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -c requirements/service.txt -e '.[service,qdrant,dev]'
	@touch $@

# Rasa's environment: Python 3.10 only, without TensorFlow (docs/decisions/0002).
$(RASA)/.installed: requirements/rasa.txt scripts/rasa_environment.sh
	@sh scripts/rasa_environment.sh $(RASA)
	@touch $@

# The widget: TypeScript made into one script by esbuild, from the versions in its lock (bot/widget/package-lock.json).
widget: $(WIDGET)/dist/widget.js

$(WIDGET)/dist/widget.js: $(wildcard $(WIDGET)/src/*) $(WIDGET)/build.mjs $(WIDGET)/node_modules/.installed
	@cd $(WIDGET) && node build.mjs && touch dist/widget.js

$(WIDGET)/node_modules/.installed: $(WIDGET)/package.json $(WIDGET)/package-lock.json
	@command -v npm >/dev/null && node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' || \
	  { echo "需要 Node.js 18 或更新的版本和 npm（Debian：apt install nodejs npm）/ Node.js 18 or newer and npm are needed to build the widget (Debian: apt install nodejs npm)"; exit 1; }
	@echo "[yinfawen] 安装网页组件的构建工具 / installing the widget's build tools"
	@cd $(WIDGET) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# The desk's pages load htmx from here, never from somebody else's server (bot/desk/package-lock.json).
desk: $(DESK)/dist/htmx.js

$(DESK)/dist/htmx.js: $(DESK)/package.json $(DESK)/package-lock.json
	@cd $(DESK) && npm ci --silent --ignore-scripts --no-audit --no-fund && mkdir -p dist \
	  && cp node_modules/htmx.org/dist/htmx.min.js dist/htmx.js

clean:
	rm -rf $(DESK)/node_modules $(DESK)/dist $(WIDGET)/node_modules $(WIDGET)/dist $(VENV) $(RASA) var .rasa results test-artifacts
