"""What python3-phonenumbers reads in each line of phone_peer.mjs: E.164 or "-", and valid|possible|no; apart by tabs."""
import sys

import phonenumbers

for line in open(sys.argv[1], encoding="utf-8"):
    region, text = line.rstrip("\n").split("\t")[:2]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        print("-\tno")
        continue
    possible = "possible" if phonenumbers.is_possible_number(number) else "no"
    verdict = "valid" if phonenumbers.is_valid_number(number) else possible
    print(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + "\t" + verdict)
