# make demo    a WordPress with the plugin, ready to look at; make demo-visitors N=50 or LOG=access.log; make demo-stop
# make test    every test
# make fuzz    hostile input, MINUTES=1 for each target; ONLY="beacon record" some of them
# make bench   every figure that is promised, measured here
# make install the extension and its engine, for the PHP of PHP_CONFIG; make plugin-zip: the WordPress plugin

# The demo and the tests share one build, optimised but without the release's whole-program pass:
# it is ready several times sooner and behaves the same. `make demo PROFILE=release` shows the real thing.
PROFILE ?= quick

.PHONY: demo demo-stop demo-visitors test fuzz bench setup build release install uninstall plugin-zip clean

demo: build
	@PROFILE=$(PROFILE) node demo/start.mjs

demo-stop:
	@node demo/stop.mjs

# N people for SECONDS (60); or those of LOG, an access log, SPEED times as fast as they were (1; max: as fast as can be).
# OWN="www.example.org" names the logged site, if the log does not tell.
demo-visitors:
	@env N="$(N)" SECONDS="$(SECONDS)" LOG="$(LOG)" SPEED="$(SPEED)" OWN="$(OWN)" node demo/visitors.mjs

test: setup
	@node tests/run.mjs $(STAGES)

# Coverage-guided (libFuzzer), a workspace of its own. KEEP=1 puts what was learnt into fuzz/corpus.
fuzz:
	@env MINUTES=$(or $(MINUTES),1) KEEP=$(KEEP) fuzz/run $(ONLY)

# The release build, measured; ONLY="calls collector page live engine" measures parts. JSON lines, also in target/bench.jsonl.
bench: setup
	@cargo build --quiet --release -p qahm_realtime -p qahm-realtimed -p qahm-bench >&2
	@node bench/run.mjs $(ONLY)

# Debian and npm packages that are missing on this machine.
setup:
	@demo/setup

# The whole workspace, as the tests build it: building less would compile shared dependencies a second time with other features.
build: setup
	cargo build --profile $(PROFILE) --workspace

release:
	cargo build --release -p qahm_realtime -p qahm-realtimed

# --- Installation -----------------------------------------------------------------------------------------------------

PHP_CONFIG ?= php-config
BUILT ?= target/release
EXTENSION_DIR = $(shell $(PHP_CONFIG) --extension-dir)
# Debian keeps one file for all its PHP programs and links it into each (phpenmod); elsewhere the directory that PHP scans.
DEBIAN_INI_DIR = /etc/php/$(shell $(PHP_CONFIG) --version | cut -d. -f1-2)/mods-available
INI_DIR = $(or $(wildcard $(DEBIAN_INI_DIR)),$(shell $(PHP_CONFIG) --ini-dir))
LIBEXEC_DIR = /usr/libexec/qahm-realtime
TMPFILES_DIR = /usr/lib/tmpfiles.d
# `demo/setup data` fetches it (or make setup, demo, test); without it the engine is installed all the same and knows no countries.
COUNTRIES = $(wildcard crates/enrich/data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb)

# DESTDIR for packagers; BUILT to install another build than the release.
install: $(if $(filter target/release,$(BUILT)),release)
	install -D -m 644 $(BUILT)/libqahm_realtime.so $(DESTDIR)$(EXTENSION_DIR)/qahm_realtime.so
	install -D -m 755 $(BUILT)/qahm-realtimed $(DESTDIR)$(LIBEXEC_DIR)/qahm-realtimed
ifneq ($(COUNTRIES),)
	install -D -m 644 $(COUNTRIES) $(DESTDIR)$(LIBEXEC_DIR)/country.mmdb
else
	@echo "No country database: places will be unknown. With npm: demo/setup data, then make install again"
endif
	install -D -m 644 packaging/qahm_realtime.ini $(DESTDIR)$(INI_DIR)/qahm_realtime.ini
	install -D -m 644 packaging/tmpfiles.conf $(DESTDIR)$(TMPFILES_DIR)/qahm-realtime.conf
ifeq ($(DESTDIR),)
	install -d -m 1733 /run/qahm-realtime /var/lib/qahm-realtime
	@if [ -d $(DEBIAN_INI_DIR) ]; then echo "Now: phpenmod qahm_realtime, then reload php-fpm"; else echo "Now: reload php-fpm"; fi
endif

# Leaves /var/lib/qahm-realtime: the sites' figures are there.
uninstall:
	rm -f $(DESTDIR)$(EXTENSION_DIR)/qahm_realtime.so $(DESTDIR)$(INI_DIR)/qahm_realtime.ini $(DESTDIR)$(TMPFILES_DIR)/qahm-realtime.conf
	rm -rf $(DESTDIR)$(LIBEXEC_DIR)

plugin-zip:
	@demo/setup plugin
	@packaging/plugin-zip target/qahm-realtime.zip

clean:
	@node demo/stop.mjs --remove
	rm -rf target artifacts wp-plugin/assets/build
