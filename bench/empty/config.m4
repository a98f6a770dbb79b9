PHP_ARG_ENABLE([bench_empty], [whether to build bench_empty], [--enable-bench-empty])
PHP_NEW_EXTENSION([bench_empty], [empty.c], [$ext_shared])
