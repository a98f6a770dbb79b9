dnl For source builds with PIE or by hand: phpize && ./configure && make && make install.
dnl There is no C: make runs cargo, and PHP's own rules install what it made.

PHP_ARG_ENABLE([qahm_realtime],
  [whether to enable live visitor analytics],
  [AS_HELP_STRING([--enable-qahm_realtime], [Enable live visitor analytics (needs cargo and libclang)])],
  [yes])

if test "$PHP_QAHM_REALTIME" != "no"; then
  AC_PATH_PROG([CARGO], [cargo], [no], [$PATH:$HOME/.cargo/bin])
  if test "$CARGO" = "no"; then
    AC_MSG_ERROR([cargo is missing: install Rust 1.95 or later from https://rustup.rs/, or a package that is built already])
  fi

  PHP_MODULES="$PHP_MODULES \$(phplibdir)/qahm_realtime.so"
  PHP_SUBST([PHP_MODULES])
  PHP_SUBST([CARGO])
  PHP_SUBST([PHP_CONFIG])
  PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/Makefile.frag], [$abs_srcdir])
fi
