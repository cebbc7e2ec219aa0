#!/bin/sh
# Remove the parts of installed packages that no process of the platform loads. Usage: deploy/trim.sh SITE_PACKAGES
# A missing file is an error: the list must be checked again when a package changes.
set -eu
cd "$1"

# pyarrow: only the Parquet writer is used. Remove the Flight server and client, cloud file systems, tests, and the headers and
# Cython sources for compiling against it.
rm pyarrow/libarrow_flight.so.* pyarrow/_flight.*.so pyarrow/libarrow_python_flight.so* \
  pyarrow/libarrow_s3.so.* pyarrow/_s3fs.*.so pyarrow/_gcsfs.*.so pyarrow/_azurefs.*.so pyarrow/_hdfs.*.so \
  pyarrow/_pyarrow_cpp_tests.*.so pyarrow/*.pyx pyarrow/*.pxi pyarrow/*.pxd
rm -r pyarrow/tests pyarrow/include pyarrow/includes
# Wheels contain no links, so each library exists under three names; only the name with the major version is loaded.
for library in pyarrow/libarrow_python.so pyarrow/libarrow_python_parquet_encryption.so; do
  rm "$library" "$library".*.*.*
done

# Remove symbols for debuggers, but not those for linking.
find . -type f \( -name '*.so' -o -name '*.so.*' \) -exec strip --strip-unneeded {} +
