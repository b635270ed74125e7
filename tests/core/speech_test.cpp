// What people are called.

#include "core/speech.hpp"

#include "support/catch.hpp"

namespace warmcall::core::tests {

TEST_CASE("people are greeted by their first name, whatever title stands before it") {
    CHECK(first_name("Ana Pérez") == "Ana");
    CHECK(first_name("  Ana\tPérez ") == "Ana");
    CHECK(first_name("Dr. Ravi Sharma") == "Ravi");
    CHECK(first_name("Dr Ravi Sharma") == "Ravi");
    CHECK(first_name("DR. RAVI SHARMA") == "RAVI");
    CHECK(first_name("Dr.Ravi Sharma") == "Ravi");
    CHECK(first_name("Mr John Smith") == "John");
    CHECK(first_name("Prof. Dr. Anna Müller") == "Anna");
    CHECK(first_name("Herr Müller") == "Müller");
    CHECK(first_name("Sig.ra Rossi") == "Rossi");
    CHECK(first_name("M. Dupont") == "Dupont");
    CHECK(first_name("Mme. Claire Dupont") == "Claire");
    CHECK(first_name("श्री रवि शर्मा") == "रवि");
    CHECK(first_name("डॉ. रवि शर्मा") == "रवि");
    CHECK(first_name("श्रीमती मीरा") == "मीरा");
    CHECK(first_name("د. أحمد علي") == "أحمد");
    CHECK(first_name("د/ أحمد علي") == "أحمد");
    CHECK(first_name("السيدة ليلى") == "ليلى");
}

TEST_CASE("a name that only begins like a title is a name") {
    CHECK(first_name("Drew Barry") == "Drew");
    CHECK(first_name("Mrinal Sen") == "Mrinal");
    CHECK(first_name("M.S. Rao") == "M.S");
    CHECK(first_name("Frauke Meyer") == "Frauke");
}

TEST_CASE("a name written last name first is turned round") {
    CHECK(first_name("Sharma, Ravi") == "Ravi");
    CHECK(first_name("Sharma,Ravi") == "Ravi");
    CHECK(first_name("Sharma, Dr. Ravi") == "Ravi");
    CHECK(first_name("Sharma, Ravi, MD") == "Ravi");
    CHECK(first_name("علي، أحمد") == "أحمد");
    CHECK(first_name("Sharma,") == "Sharma");
    CHECK(first_name("Ravi Sharma, MD") == "Ravi");
    CHECK(first_name("Ravi Sharma, Ph.D.") == "Ravi");
    CHECK(first_name("Smith, Dr.") == "Smith");
    CHECK(first_name("\"Ana\" Pérez") == "Ana");
}

TEST_CASE("what stands behind a whole name is a town or a company, and greets nobody") {
    CHECK(first_name("Ravi Sharma, Delhi") == "Ravi");
    CHECK(first_name("Ravi Sharma, Acme Ltd") == "Ravi");
    CHECK(first_name("Dr. Ravi Sharma, Apollo Hospital") == "Ravi");
    CHECK(first_name("van der Berg, Jan") == "Jan");
    CHECK(first_name("Al Amiri, Farid") == "Farid");
    CHECK(first_name("Lucía, Ñuñez and others") == "Ñuñez");
}

TEST_CASE("a name that is nothing but a title stays as it is") {
    CHECK(first_name("Dr.") == "Dr.");
    CHECK(first_name(" Mr ") == "Mr");
    CHECK(first_name("Prof. Dr.") == "Prof. Dr.");
    CHECK(first_name(",") == ",");
    CHECK(first_name("") == "");
    CHECK(first_name("<!channel>") == "<!channel>");
}

}  // namespace warmcall::core::tests
