#!/bin/sh
# Take from installed packages what no process of the platform loads. Usage: deploy/trim.sh SITE_PACKAGES
# A name that is no longer there is an error: the list must not outlive what it was written for.
set -eu
cd "$1"

# pyarrow: only its Parquet writer is used. What goes: the Flight server and client, file systems in clouds, its own tests, and
# headers and Cython sources for those who compile against it.
rm pyarrow/libarrow_flight.so.* pyarrow/_flight.*.so pyarrow/libarrow_python_flight.so* \
  pyarrow/libarrow_s3.so.* pyarrow/_s3fs.*.so pyarrow/_gcsfs.*.so pyarrow/_azurefs.*.so pyarrow/_hdfs.*.so \
  pyarrow/_pyarrow_cpp_tests.*.so pyarrow/*.pyx pyarrow/*.pxi pyarrow/*.pxd
rm -r pyarrow/tests pyarrow/include pyarrow/includes
# Wheels hold no links: one library is there under three names, and only the one with the major version is ever loaded.
for library in pyarrow/libarrow_python.so pyarrow/libarrow_python_parquet_encryption.so; do
  rm "$library" "$library".*.*.*
done

# Symbols that only a debugger reads; those that are linked by stay.
find . -type f \( -name '*.so' -o -name '*.so.*' \) -exec strip --strip-unneeded {} +
