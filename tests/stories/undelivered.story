# The text cannot reach her on WhatsApp and there is no other way: the rep calls at once. Then it turns out that it did arrive.
given the network only accepts
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:02 failed 131026
    -> prompt undelivered    -> ring maya
day 1 10:04 delivered
    -> prompt taken back
day 1 10:49 wake
    -> prompt silent    -> ring maya
