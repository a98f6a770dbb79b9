/* The cheapest function an extension can have that takes a string: what calling into an extension costs by itself. */
#include "php.h"

ZEND_BEGIN_ARG_INFO_EX(arginfo_bench_empty, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, text, IS_STRING, 0)
ZEND_END_ARG_INFO()

PHP_FUNCTION(bench_empty)
{
	zend_string *text;

	ZEND_PARSE_PARAMETERS_START(1, 1)
		Z_PARAM_STR(text)
	ZEND_PARSE_PARAMETERS_END();
	(void) text;
	RETURN_NULL();
}

static const zend_function_entry functions[] = {
	PHP_FE(bench_empty, arginfo_bench_empty)
	PHP_FE_END
};

zend_module_entry bench_empty_module_entry = {
	STANDARD_MODULE_HEADER, "bench_empty", functions, NULL, NULL, NULL, NULL, NULL, "1", STANDARD_MODULE_PROPERTIES
};

ZEND_GET_MODULE(bench_empty)
