# The engine goes beside the extension, where it is looked for. Cargo knows best what has changed, so it is always asked.
.PHONY: qahm_realtime_cargo
qahm_realtime_cargo:
	cd $(srcdir) && PHP="$(PHP_EXECUTABLE)" PHP_CONFIG="$(PHP_CONFIG)" $(CARGO) build --release --locked --target-dir $(top_builddir)/target -p qahm_realtime -p qahm-realtimed

$(phplibdir)/qahm_realtime.so: qahm_realtime_cargo
	mkdir -p $(phplibdir)
	cp $(top_builddir)/target/release/libqahm_realtime.so $(phplibdir)/qahm_realtime.so
	cp $(top_builddir)/target/release/qahm-realtimed $(phplibdir)/qahm-realtimed
