// Attributes of an HDF5 object, as h5py writes and reads them.
//
// Readers accept everything that h5py writes for Python's values: text of fixed or variable length,
// integers and floats of any width, booleans as an enumeration or an integer, one value as a scalar
// or in an array. They throw Error, naming the attribute, for anything else and if it is missing.
// h5py reads what the writers write as bytes, int, float, numpy.bool_ and arrays of these.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weights/hdf5_handle.h"

namespace odin::hdf5 {

// The elements of a type in words, for messages: "64-bit floats", "text".
std::string describe(const Handle& type);

bool has_attribute(const Handle& object, const std::string& name);

std::string read_string(const Handle& object, const std::string& name);
// An empty array of any type gives no strings.
std::vector<std::string> read_strings(const Handle& object, const std::string& name);
std::int64_t read_integer(const Handle& object, const std::string& name);
bool read_boolean(const Handle& object, const std::string& name);
double read_number(const Handle& object, const std::string& name);
// Exactly `count` numbers, or as many as there are.
std::vector<double> read_numbers(const Handle& object, const std::string& name, std::size_t count);
std::vector<double> read_numbers(const Handle& object, const std::string& name);

// Text is written as UTF-8 of fixed length. Throws Error if it is too long to be read back, or
// contains a zero byte, which would end it.
void write_string(const Handle& object, const std::string& name, const std::string& value);
void write_strings(const Handle& object, const std::string& name,
                   const std::vector<std::string>& values);
void write_integer(const Handle& object, const std::string& name, std::int64_t value);
void write_boolean(const Handle& object, const std::string& name, bool value);
void write_number(const Handle& object, const std::string& name, double value);
void write_numbers(const Handle& object, const std::string& name, std::span<const float> values);
void write_numbers(const Handle& object, const std::string& name, std::span<const double> values);

}  // namespace odin::hdf5
