// The ways a message may go, as a rep names them.
import { t } from "./i18n";

export const wayName = (way: string): string => (way === "whatsapp" ? "WhatsApp" : way === "sms" ? t("way_sms") : way);
