PYTHON ?= python3
BIN := .venv/bin
WEB := dashboard/web

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix seeds fuzz bench chaos locust screenshots lock clean

help:            ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:           ## build the virtual environment and the web app
	@$(PYTHON) scripts/setup.py

demo: setup      ## run everything, with a city walking on the map: make demo [PORT=8000] [FOR=60] [SIMULATE=500] [DATA=.gridwarden] [HOST=127.0.0.1]
	@exec $(BIN)/gridwarden up --simulate $(or $(SIMULATE),500) $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT)) \
	$(if $(MQTT_PORT),--mqtt-port $(MQTT_PORT)) $(if $(FOR),--for $(FOR)) $(if $(DATA),--data $(DATA))

test:            ## set up and pass the tests, two files at a time: make test [ONLY=tests/core] [WORKERS=2]
	@$(PYTHON) scripts/setup.py --tests
	@cd $(WEB) && PATH="$(CURDIR)/.venv/node:$$PATH" npm test --silent
	@$(BIN)/python -m pytest --numprocesses $(or $(WORKERS),2) --dist loadfile $(ONLY)

check:           ## lint, types, import rules, web app
	@$(PYTHON) scripts/setup.py --development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@cd $(WEB) && PATH="$(CURDIR)/.venv/node:$$PATH" npm run check --silent

fix:             ## format, and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd $(WEB) && PATH="$(CURDIR)/.venv/node:$$PATH" npm run fix --silent

seeds:           ## try ingest's core on simulated worlds against a slow oracle: make seeds [COUNT=1000] [FIRST=0]
	@$(PYTHON) scripts/setup.py --tests
	@$(BIN)/python -m tests.simulation --seeds $(or $(COUNT),1000) --first $(or $(FIRST),0)

fuzz:            ## let atheris look for bytes that break a decoder: make fuzz [FOR=60] [ONLY=mqtt] (FOR: seconds a decoder)
	@$(PYTHON) scripts/setup.py --development
	@set -e; for target in $(or $(ONLY),mqtt pos nmea owntracks answers batch bus viewer sms smpp places); do \
	$(BIN)/python -m tests.fuzz.atheris_run $$target --seconds $(or $(FOR),60) --corpus .fuzz/$$target; done

bench:           ## measure what we claim: make bench [ONLY=ingest]
	@$(PYTHON) scripts/setup.py --development
	@$(BIN)/python -m benchmarks.run $(ONLY)

chaos:           ## break everything while terminals publish, or SMS leave, then count: make chaos [FOR=60] [SEED=1] [DOOR=listen] or make chaos SMS=100000 [KILLS=9]
	@$(PYTHON) scripts/setup.py --tests
	@exec $(BIN)/python $(if $(SMS),-m tests.chaos.sms --messages $(SMS) --kills $(or $(KILLS),9) --seed $(or $(SEED),1), \
	-m tests.chaos --for $(or $(FOR),60) --seed $(or $(SEED),1) --door $(or $(DOOR),listen))

locust:          ## load a running demo with Locust, on a web page: make locust [PASSWORD=...] [USERS=100] [HEADLESS=20s] [SCENARIO=steady] [PORT=8000] [MQTT_PORT=1883] [DATA=.gridwarden]
	@$(PYTHON) scripts/setup.py --development
	@LOCUST_PASSWORD='$(PASSWORD)' exec $(BIN)/locust -f simulators/locustfile.py --host http://127.0.0.1:$(or $(PORT),8000) \
	--mqtt mqtt://127.0.0.1:$(or $(MQTT_PORT),1883) --roster $(or $(DATA),.gridwarden)/city $(if $(SCENARIO),--scenario $(SCENARIO)) \
	--users $(or $(USERS),100) --spawn-rate $(or $(RATE),20) --web-host 127.0.0.1 $(if $(HEADLESS),--headless --run-time $(HEADLESS))

screenshots:     ## draw every screen into docs/screenshots
	@$(PYTHON) scripts/setup.py --tests
	@$(BIN)/python scripts/screenshots.py

lock:            ## write the lock files again (wants uv)
	uv pip compile pyproject.toml --group build $(LOCKING) -o requirements.lock
	uv pip compile pyproject.toml --group build --group dev $(LOCKING) -c requirements.lock -o requirements-dev.lock
	uv pip compile --group node $(LOCKING) -c requirements-dev.lock -o requirements-node.lock
LOCKING := --generate-hashes --universal --python-version 3.11 --no-header -q

clean:           ## remove what was built; keeps .gridwarden/
	rm -rf .venv $(WEB)/dist $(WEB)/node_modules .pytest_cache .ruff_cache .hypothesis .fuzz build *.egg-info
