# The commands of this repository. `make help` lists them; everything they make is under build/.

SHELL := /bin/bash
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
SEEDS ?= 20000
DATA ?= data
LISTEN ?= 127.0.0.1:8000

program := build/release/millrace
chdb := build/third_party/chdb
sources = $(shell git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cc' 'tools/*.h' 'tools/*.cc' 'bench/*.h' 'bench/*.cc' 'tests/*.h' 'tests/*.cc')

.PHONY: run build deps chdb kafka dev test simulate test-long bench format lint clean help

## Build what is missing and start the server on ./data (DATA=, LISTEN=, ARGS=)
run: build
	@exec $(program) serve --data $(DATA) --listen $(LISTEN) $(ARGS)

## Build the program: build/release/millrace
build: deps chdb build/release/build.ninja
	@cmake --build build/release --parallel $(JOBS) --target millrace

## Build everything with checks on and run the unit tests (build/dev)
dev: deps chdb build/dev/build.ninja
	@cmake --build build/dev --parallel $(JOBS)
	@ctest --test-dir build/dev --parallel $(JOBS) --output-on-failure

build/%/build.ninja:
	@cmake --preset $* >build/$*.configure.log 2>&1 || { cat build/$*.configure.log; exit 1; }

deps:
	@mkdir -p build
	@tools/install_dependencies.sh build

chdb:
	@tools/fetch_libchdb.sh $(chdb)

## Start a real Kafka broker on loopback, to try the Kafka engine (end it: tools/kafka.sh stop)
kafka:
	@tools/install_dependencies.sh test
	@tools/kafka.sh start

## Run every test that belongs to each push (at most 35 minutes with a cold compiler cache)
test:
	@tools/install_dependencies.sh build test
	@python3 -u tools/test.py $(ARGS)

## Run the log through seeded crashes and faults (SEEDS=20000, ARGS="--bugs", ARGS=--help)
simulate: build/release/build.ninja
	@cmake --build build/release --parallel $(JOBS) --target mr_log_simulate
	@tools/simulate.py --seeds $(SEEDS) $(ARGS)

## Run the tests that take hours; interrupt and start again at will (ARGS=--help)
test-long:
	@tools/install_dependencies.sh build test long
	@python3 -u tools/test_long.py $(ARGS)

## Measure: load generator, nginx beside it, time to a visible row (bench/README.md)
bench:
	@tools/install_dependencies.sh build test bench
	@$(MAKE) build
	@bench/run.sh $(ARGS)

## Rewrite all C++ files in the project's layout
format:
	@tools/install_dependencies.sh build test
	@printf '%s\n' $(sources) | xargs -r clang-format-19 -i

## Check layout, layers and clang-tidy's findings (ARGS= names files; none means all)
lint:
	@tools/install_dependencies.sh build test
	@tools/lint.sh $(ARGS)

## Remove everything that was built (not ./data)
clean:
	@rm -rf build

## Print this list
help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z-]+:/{if(text){split($$1,name,":"); \
	  printf "  make %-10s %s\n", name[1], text; text=""}}' Makefile
