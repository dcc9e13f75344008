"""What the three desks of the demo world write on an ordinary day. Places are real or not; events are invented."""

from __future__ import annotations

from typing import NamedTuple


class Desk(NamedTuple):
    """Pieces that are put together by chance: opening, event, place, detail, tags."""

    openings: tuple[str, ...]
    events: tuple[str, ...]
    places: tuple[str, ...]
    details: tuple[str, ...]
    tags: tuple[str, ...]


ARABIC = Desk(
    openings=("عاجل", "مصادر محلية", "مراسلنا", "بيان", "متابعة", "صباح الخير", "الطقس", "خدمات", "شهود عيان"),
    events=(
        "افتتاح السوق الشعبي بعد أعمال صيانة",
        "انقطاع التيار الكهربائي ساعتين",
        "وصول قطار البضائع متأخرا",
        "بدء ترميم الجسر القديم",
        "ارتفاع منسوب مياه النهر",
        "توزيع البذور على المزارعين",
        "معرض للكتاب في قاعة المدينة",
        "حريق محدود في مخزن أخشاب دون إصابات",
        "إغلاق الطريق السريع بسبب الضباب",
        "اجتماع مجلس المحافظة لبحث الموازنة",
        "حملة تنظيف على ضفة النهر",
        "زيارة وفد المهندسين إلى محطة المياه",
    ),
    places=("بغداد", "البصرة", "الديوانية", "السماوة", "الناصرية", "الكوت", "العمارة", "كربلاء", "الحلة", "النجف"),
    details=(
        "ولم تسجل أي أضرار حتى الآن.",
        "وقال المتحدث إن العمل يستمر حتى نهاية الأسبوع.",
        "والتفاصيل لاحقا.",
        "ويطلب المكتب من السكان تجنب المنطقة.",
        "وأكد شاهدان الخبر، ولم يتأكد المكتب من الصور بعد.",
        "ودرجات الحرارة بين ٨ و١٩ مئوية.",
        "وسيعاد فتح الطريق عند الساعة السادسة مساء.",
        "وتبلغ الكلفة ٣٥٠ مليون دينار.",
    ),
    tags=("#بغداد", "#العراق", "#خدمات", "#الديوانية", "#طقس"),
)
RUSSIAN = Desk(
    openings=("Коротко", "Сводка", "Наш корреспондент", "Жители сообщают", "Официально", "Погода", "Дороги", "Утро"),
    events=(
        "открылась ледовая переправа",
        "отключили горячую воду на трёх улицах",
        "прошла ярмарка мёда и варенья",
        "начался ремонт моста через реку",
        "задерживаются пригородные поезда",
        "посадили ещё двести берёз в парке",
        "сгорел пустой сарай, никто не пострадал",
        "совет района принял бюджет на год",
        "учёные показали карту паводков",
        "запустили новый автобусный маршрут",
        "школьники нашли старую карту района",
        "врачи напоминают о прививках от гриппа",
    ),
    places=("в Заречье", "в Ольховке", "у станции Сосновый Бор", "на Набережной", "в Малом Ключе", "под Верхним Яром"),
    details=(
        "Подробности позже.",
        "Движение восстановят к шести часам вечера.",
        "По словам очевидцев, всё спокойно.",
        "Ждём подтверждения от администрации.",
        "Ночью до минус двенадцати, днём около нуля, гололёд.",
        "Стоимость работ — 4,2 млн рублей.",
        "Съёмка проверена: тени и вывески совпадают.",
        "Источник просил не называть его имени.",
    ),
    tags=("#Заречье", "#дороги", "#погода", "#проверено", "#ёлка"),
)
MIXED = Desk(
    openings=(
        "Update",
        "Point de situation",
        "Verified",
        "Vérifié",
        "Open question",
        "À suivre",
        "Desk note",
        "Archive",
    ),
    events=(
        "the satellite image of the depot shows two new roofs",
        "le registre de la société mentionne une nouvelle adresse",
        "a photograph of the ferry was matched with the quay",
        "l'entrepôt du port a été vidé pendant la nuit",
        "the invoice names a carrier that nobody has heard of",
        "la séquence filmée date bien du matin, d'après les ombres",
        "the court published its calendar for January",
        "l'été dernier, la même plaque est apparue à la frontière",
        "three archived copies of the page differ in one line",
        "le témoin confirme le trajet, pas l'heure",
        "the warehouse permit was extended by a year",
        "the ledger and the customs form disagree on the weight",
    ),
    places=("Basra", "Marseille", "Diwaniyah", "Trieste", "Lyon", "Rotterdam", "Zarechye", "Baghdad", "Bruxelles"),
    details=(
        "More when we can stand it up.",
        "Deux sources indépendantes.",
        "Geolocated to within 20 metres.",
        "Merci de ne pas diffuser les visages.",
        "See the earlier thread for the method.",
        "La facture s'élève à 12 400 €.",
        "Nothing here is confirmed by the company.",
        "On garde une copie, la page peut disparaître.",
    ),
    tags=("#convoy", "#convoi", "#verified", "#registre", "#osint"),
)

# The same story in every language: a supply convoy on the road between Basra and Diwaniyah, 15 to 17 December 2021.
CONVOY_ARABIC = (
    "انطلاق رتل دعم لوجستي من البصرة باتجاه الديوانية فجر اليوم، بحسب سائقين على الطريق السريع.",
    "شاهد: رتل الدعم اللوجستي توقف بالديوانية قرب الجسر القديم، عدد الشاحنات ٢٣.",
    "الطريق بين السماوة والديوانية مفتوح بعد مرور الرتل.",
    "صورة من مدخل المدينة: رَتْلُ دَعْمٍ لوجِستيّ، والتاريخ على اللوحة واضح.",
    "رتـــل ثان من الشاحنات يغادر الديوانية شمالا نحو الحلة.",
    "تصحيح: عدد شاحنات رتل الدعم ٢١ وليس ٢٣، والمكان جنوب الديوانية وليس داخلها.",
    "للديوانية نصيب من الشحنة وفق فاتورة اطلع عليها المكتب، وبالديوانية مخزنان فقط.",
    "أرتال الدعم اللوجستي خلال شهر: ثلاثة أرتال مرت من هنا.",
)
CONVOY_RUSSIAN = (
    "Колонна грузовиков с помощью вышла из порта, сообщают водители. Двадцать три машины.",
    "Ещё одна колонна замечена у моста; съёмка не проверена.",
    "Очевидец: колонну остановили на час, затем она пошла на север.",
    "Две колонны за неделю — больше, чем за весь ноябрь. Объём груза неизвестен.",
    "О колонне снабжения: номера трёх машин совпали с накладной. Подтверждён и маршрут.",
    "Движением колонн интересуется и соседний район; счёт за топливо выставлен 16 декабря.",
)
CONVOY_MIXED = (
    "A supply convoy left Basra before dawn, heading for Diwaniyah. Twenty-three trucks by one count.",
    "Un convoi logistique a été filmé à l'entrée de Diwaniyah ; la séquence est en cours de vérification.",
    "The convoy stopped for an hour near the old bridge. Two convoys in a week is unusual.",
    "Convoi : la facture du transporteur est datée du 16 décembre 2021. Les convois précédents n'en avaient pas.",
    "Correction: twenty-one trucks, not twenty-three. The convoy's plates match the customs form.",
    "Chronologie du convoi logistique, heure de Bagdad : départ 04 h 10, pont 09 h 35, dépôt 13 h 20.",
)
